use super::*;

#[test]
fn no_more_are_tried_at_once_than_leave_a_thread() {
    let tries = Tries::new(2);
    let first = tries.begin("a");
    assert!(first.is_some() && tries.begin("b").is_none());
    drop(first);
    assert!(tries.begin("b").is_some());
    assert!(Tries::new(1).begin("a").is_some());
}

#[test]
fn what_was_given_up_rests() {
    let tries = Tries::new(2);
    tries.begin("slow").expect("a try").give_up();
    assert!(tries.begin("slow").is_none());
    assert!(tries.begin("other").is_some());
}

#[test]
fn a_try_is_over_with_its_samples_and_says_so() {
    let tries = Tries::new(2);
    let budget = tries.begin("a").expect("a try").budget(1 << 30);
    assert!(!budget.is_given_up());
    let _ = budget.charge(SAMPLES_MAX + 1);
    assert!(budget.is_given_up());
}
