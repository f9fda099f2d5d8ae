use super::*;

fn gate(concurrent_max: usize, timeout_ms: u64) -> (Gate, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::default());
    let limits = Limits {
        concurrent_max,
        timeout: Duration::from_millis(timeout_ms),
        samples_max: 100,
        slow: Duration::from_secs(5),
    };
    (Gate::new(limits, metrics.clone()), metrics)
}

fn job() -> Job {
    Job { language: Language::Promql, text: "up".to_owned(), timeout: None }
}

/// Runs until the budget says to stop, and gives what it said.
fn stubborn(budget: &Budget) -> model::limits::Exceeded {
    loop {
        if let Err(why) = budget.check() {
            return why;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[tokio::test]
async fn a_query_that_is_done_in_time_answers() {
    let (gate, metrics) = gate(1, 5_000);
    let answer = gate.run(job(), |budget| budget.charge(7).map(|()| 42)).await;
    assert_eq!(answer, Ok(Ok(42)));
    assert_eq!(metrics.query_samples.get(), 7);
    assert_eq!(metrics.queries_running.get(), 0);
    assert_eq!(metrics.query_seconds(Language::Promql).snapshot().cumulative[11], 1);
}

#[tokio::test]
async fn a_timer_ends_the_budget() {
    let (gate, _) = gate(1, 30);
    let (tell, told) = tokio::sync::oneshot::channel();
    let work = move |budget: &Budget| {
        let _ = tell.send(stubborn(budget));
    };
    assert_eq!(gate.run(job(), work).await, Err(Refused::Timeout));
    assert_eq!(told.await, Ok(model::limits::Exceeded::Timeout));
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_budget() {
    let (gate, _) = gate(1, 60_000);
    let (tell, told) = tokio::sync::oneshot::channel();
    let (start, started) = tokio::sync::oneshot::channel();
    let work = move |budget: &Budget| {
        let _ = start.send(());
        let _ = tell.send(stubborn(budget));
    };
    tokio::select! {
        _ = gate.run(job(), work) => panic!("it runs until it is ended"),
        _ = started => {}
    }
    assert_eq!(told.await, Ok(model::limits::Exceeded::Killed));
}

#[tokio::test]
async fn without_a_place_a_query_is_refused_once_its_time_is_over() {
    let (gate, _) = gate(1, 40);
    let slow = gate.run(job(), |_| std::thread::sleep(Duration::from_millis(300)));
    let waiting = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        gate.run(job(), |_| ()).await
    };
    let (first, second) = tokio::join!(slow, waiting);
    assert_eq!(first, Err(Refused::Timeout));
    assert_eq!(second, Err(Refused::Busy));
}

#[tokio::test]
async fn short_work_is_done_on_the_thread_of_its_connection() {
    let (gate, metrics) = gate(1, 5_000);
    let here = std::thread::current().id();
    let answer = gate.ask(job(), |budget| (budget.charge(7), std::thread::current().id())).await;
    assert_eq!(answer, Ok((Ok(()), here)));
    assert_eq!(metrics.query_samples.get(), 7);
    assert_eq!(metrics.queries_running.get(), 0);
}

#[tokio::test]
async fn long_work_is_given_up_there_and_done_elsewhere() {
    let (gate, metrics) = gate(1, 5_000);
    let here = std::thread::current().id();
    let work = move |budget: &Budget| {
        if std::thread::current().id() == here {
            stubborn(budget);
        }
        std::thread::current().id() != here
    };
    assert_eq!(gate.ask(job(), work).await, Ok(true));
    assert_eq!(metrics.query_seconds(Language::Promql).snapshot().cumulative[11], 1);
}

#[tokio::test]
async fn work_that_uses_more_than_it_may_is_refused_like_anywhere() {
    let (gate, _) = gate(1, 5_000);
    let limit = Err(model::limits::Exceeded::Samples { limit: 100 });
    assert_eq!(gate.ask(job(), |budget| budget.charge(101)).await, Ok(limit));
}

#[tokio::test]
async fn work_that_panics_on_the_thread_of_its_connection_is_broken() {
    let (gate, metrics) = gate(1, 5_000);
    let work = |_: &Budget| -> u8 { panic!("an invariant is broken") };
    assert_eq!(gate.ask(job(), work).await, Err(Refused::Broken));
    assert_eq!(metrics.queries_running.get(), 0);
    assert_eq!(gate.ask(job(), |_| 1).await, Ok(1));
}
