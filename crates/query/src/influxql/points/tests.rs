use super::*;

fn input(times: &[i64]) -> Input {
    let values = Values::Integers(times.iter().map(|at| at.wrapping_mul(2)).collect());
    Input { times: times.to_vec(), columns: vec![values] }
}

fn order_of(times: &[&[i64]], ascending: bool) -> Vec<(u32, u32)> {
    let inputs: Vec<Input> = times.iter().map(|times| input(times)).collect();
    let points = Points::new(inputs.clone(), ascending);
    assert_eq!(points.order, sorted(&inputs, ascending), "counted as sorted");
    points.order
}

#[test]
fn points_come_in_the_order_of_time_and_then_of_inputs() {
    let order = order_of(&[&[10, 30], &[10, 20, 30]], true);
    assert_eq!(order, [(0, 0), (1, 0), (1, 1), (0, 1), (1, 2)]);
    let order = order_of(&[&[30, 10], &[30, 20, 10]], false);
    assert_eq!(order, [(0, 0), (1, 0), (1, 1), (0, 1), (1, 2)]);
}

#[test]
fn any_times_are_put_in_order() {
    for times in [
        &[&[][..], &[]][..],
        &[&[5]],
        &[&[7, 7, 7], &[7]],
        &[&[i64::MIN, 0, i64::MAX], &[-1, 3]],
        &[&[0, 1_000_000_007, 1 << 60], &[3, 1_000_000_007]],
        &[&[-20, -10, 0], &[-15, 5], &[]],
    ] {
        order_of(times, true);
        let reversed: Vec<Vec<i64>> =
            times.iter().map(|times| times.iter().rev().copied().collect()).collect();
        let reversed: Vec<&[i64]> = reversed.iter().map(Vec::as_slice).collect();
        order_of(&reversed, false);
    }
}

#[test]
fn times_far_apart_are_not_counted() {
    assert!(Ticks::of(&[input(&[0, 1, 1 << 40])]).is_none());
    let ticks = Ticks::of(&[input(&[0, 30]), input(&[20])]).expect("ticks");
    assert_eq!((ticks.step, ticks.count), (10, 4));
}

#[test]
fn a_row_holds_its_own_cells_and_no_nan() {
    let text = |text: &str| Cell::Text(text.to_owned());
    let first = Input {
        times: vec![1, 3],
        columns: vec![Values::Floats(vec![0.5, f64::NAN]), Values::Same(text("a"))],
    };
    let second = Input {
        times: vec![2],
        columns: vec![Values::Cells(vec![Cell::Float(f64::NAN)]), Values::Same(Cell::Null)],
    };
    let mut points = Points::new(vec![first, second], true).without_nan();
    let rows = |points: &Points| {
        let mut rows = Vec::new();
        points.each(0..points.len(), |row| rows.push(row.to_vec()));
        rows
    };
    let time = |at| Cell::Time(Timestamp(at));
    let expected = [
        vec![time(1), Cell::Float(0.5), text("a")],
        vec![time(2), Cell::Null, Cell::Null],
        vec![time(3), Cell::Null, text("a")],
    ];
    assert_eq!(rows(&points), expected);
    points.cut(1, 1);
    assert_eq!(rows(&points), expected[1..2]);
    points.cut(5, 1);
    assert!(points.is_empty());
}
