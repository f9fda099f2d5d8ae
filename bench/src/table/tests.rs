use super::{Figure, Table, digits};
use crate::server::Kind;

#[test]
fn ratios_say_how_far_barograph_is_ahead() {
    let mut table = Table::default();
    table.put(Kind::Barograph, Figure::less("cost", "s"), 0.1);
    table.put(Kind::VictoriaMetrics, Figure::less("cost", "s"), 2.0);
    table.put(Kind::Barograph, Figure::more("rate", "M/s"), 5.0);
    table.put(Kind::VictoriaMetrics, Figure::more("rate", "M/s"), 10.0);
    table.note("a remark".to_owned());
    let text = table.markdown(&[Kind::Barograph, Kind::VictoriaMetrics]);
    assert_eq!(
        text,
        "| what | unit | Barograph | VictoriaMetrics |\n\
         |------|------|----------:|----------------:|\n\
         | cost | s    |     0.100 |    2.00 (×20.0) |\n\
         | rate | M/s  |      5.00 |   10.0 (×0.500) |\n\
         \n- a remark\n"
    );
}

#[test]
fn three_digits_count() {
    let told = [0.0, 0.001_234, 0.0999, 1.0, 12.345, 1_234.5].map(digits);
    assert_eq!(told, ["0", "0.00123", "0.0999", "1.00", "12.3", "1234"]);
}
