use super::*;

fn columns(count: usize) -> Vec<ColumnDef> {
    (0..count).map(|n| ColumnDef { name: format!("f{n}").into(), kind: Kind::F64 }).collect()
}

#[test]
fn columns_are_found_with_any_guess() {
    for count in [1, MAPPED_FROM - 1, MAPPED_FROM, 100] {
        let shape = Shapes::default().intern(&columns(count));
        for wanted in 0..count {
            let name = format!("f{wanted}");
            for guess in [0, wanted, wanted + 1, usize::MAX] {
                assert_eq!(shape.find(&name, guess), Some(wanted));
            }
        }
        assert_eq!(shape.find("g", 0), None);
    }
}

#[test]
fn equal_columns_share_a_shape() {
    let shapes = Shapes::default();
    let three = shapes.intern(&columns(3));
    assert!(Arc::ptr_eq(&three, &shapes.intern(&columns(3))));
    let five = shapes.intern(&columns(5));
    assert!(Arc::ptr_eq(&five, &shapes.widen(&three, &columns(5)[3..])), "however it came to be");
    let gone = shapes.intern(&columns(4)).id();
    assert_eq!(shapes.get(gone).len(), 0, "nobody has it");
    assert_ne!(shapes.intern(&columns(4)).id(), gone, "a number is given once");
    drop(five);
    shapes.sweep();
    assert!(Arc::ptr_eq(&three, &shapes.get(three.id())));
    let known = shapes.known.lock();
    assert_eq!((known.by_columns.len(), known.by_id.len()), (1, 1));
}

#[test]
fn a_shape_that_grows_leaves_nothing_behind() {
    let shapes = Shapes::default();
    let all = columns(1000);
    let mut shape = Arc::default();
    for column in &all {
        shape = shapes.widen(&shape, std::slice::from_ref(column));
    }
    for (at, column) in all.iter().enumerate() {
        assert_eq!(shape.find(&column.name, 0), Some(at));
    }
    assert_eq!(shape.columns(), all);
    let known = shapes.known.lock();
    assert!(known.by_id.len() <= 2 * SWEPT_MIN && known.by_columns.len() == known.by_id.len());
    drop(known);
    assert_eq!(shapes.bytes(), shape.memory());
    assert!(shape.memory() < 1000 * 48, "{}", shape.memory());
    drop(shape);
    assert_eq!(shapes.bytes(), 0);
}
