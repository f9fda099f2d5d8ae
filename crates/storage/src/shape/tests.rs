use super::*;

fn columns(count: usize) -> Vec<ColumnDef> {
    (0..count).map(|n| ColumnDef { name: format!("f{n}").into(), kind: Kind::F64 }).collect()
}

#[test]
fn columns_are_found_with_any_guess() {
    for count in [1, MAPPED_FROM - 1, MAPPED_FROM, 100] {
        let shape = Shape::new(1, &columns(count));
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
    let gone = shapes.intern(&columns(4)).id();
    shapes.sweep();
    assert_eq!(shapes.get(gone).len(), 0);
    assert_ne!(shapes.intern(&columns(4)).id(), gone, "a number is given once");
    shapes.sweep();
    assert!(Arc::ptr_eq(&three, &shapes.get(three.id())));
    let known = shapes.known.lock();
    assert_eq!((known.by_columns.len(), known.by_id.len()), (1, 1));
}
