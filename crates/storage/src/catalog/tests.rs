use super::*;
use crate::disk::read_all;
use crate::disk::simulated::{Fault, Simulated};
use std::path::Path;

const AT: &str = "/data/catalog";

fn open(disk: &Simulated) -> Catalog {
    Catalog::open(PathBuf::from(AT), Arc::new(disk.clone())).expect("open").0
}

fn policy(name: &str, duration: Option<Span>) -> Policy {
    Policy { name: name.into(), duration, is_default: false, ..default_policy() }
}

fn target(database: &str, policy: Option<&str>) -> Target {
    Target { database: database.into(), policy: policy.map(Into::into) }
}

#[test]
fn it_survives_a_power_cut() {
    let disk = Simulated::new();
    let catalog = open(&disk);
    catalog.create_database("a", None).expect("a");
    catalog.create_database("b", Some(policy("week", Some(Span(7 * Span::DAY.0))))).expect("b");
    catalog.create_policy("a", policy("long", None)).expect("long");
    let change = PolicyChange { make_default: true, ..PolicyChange::default() };
    catalog.alter_policy("a", "long", change).expect("alter");
    catalog.drop_database("nothing").expect("no error");
    let found = open(&disk.after_power_cut(0));
    assert_eq!(found.state(), catalog.state());
    assert_eq!(found.state().names(), ["a".into(), "b".into()]);
    assert!(
        found.state().database("a").expect("a").policy("long").expect("long").policy.is_default
    );
}

#[test]
fn a_name_that_comes_back_has_a_new_number() {
    let disk = Simulated::new();
    let catalog = open(&disk);
    let first = catalog.resolve(&target("a", None), true).expect("made");
    assert!(catalog.drop_database("a").expect("drop"));
    assert!(catalog.state().policy(first.name.id).is_none());
    let catalog = open(&disk.after_power_cut(0));
    assert!(catalog.state().names().is_empty());
    let second = catalog.resolve(&target("a", None), true).expect("made again");
    assert_ne!(first.name.id, second.name.id);
}

#[test]
fn targets_are_resolved_or_refused() {
    let catalog = open(&Simulated::new());
    let error = catalog.resolve(&target("a", None), false).expect_err("not there");
    assert_eq!(error.to_string(), "database not found: \"a\"");
    let error = catalog.resolve(&target("a/b", None), true).expect_err("bad");
    assert!(matches!(error, WriteError::BadTarget { .. }));
    catalog.resolve(&target("a", None), true).expect("made");
    let error = catalog.resolve(&target("a", Some("x")), true).expect_err("no policy");
    assert_eq!(error, WriteError::NoPolicy { name: "x".into() });
    assert!(catalog.drop_policy("a", DEFAULT_POLICY).expect("drop"));
    catalog.resolve(&target("a", None), true).expect_err("no default is left");
}

#[test]
fn influxdb_rules_for_making_things_twice() {
    let catalog = open(&Simulated::new());
    let day = policy("p", Some(Span::DAY));
    catalog.create_database("a", Some(day.clone())).expect("made");
    catalog.create_database("a", Some(day.clone())).expect("the same");
    catalog.create_database("a", None).expect("nothing asked");
    let other = policy("p", Some(Span(2 * Span::DAY.0)));
    assert_eq!(catalog.create_database("a", Some(other)), Err(CatalogError::PolicyConflict));
    let second = policy("q", Some(Span::DAY));
    assert_eq!(catalog.create_database("a", Some(second)), Err(CatalogError::PolicyConflict));
    catalog.create_policy("a", day).expect("the same");
    assert_eq!(catalog.create_policy("a", policy("p", None)), Err(CatalogError::PolicyExists));
    let short = policy("r", Some(Span::MINUTE));
    assert_eq!(catalog.create_policy("a", short), Err(CatalogError::TooShort));
    for name in ["", ".", "..", "a/b", "a\\b", "a\nb"] {
        assert_eq!(catalog.create_database(name, None), Err(CatalogError::BadName), "{name:?}");
    }
    assert!(matches!(
        catalog.create_policy("none", policy("p", None)),
        Err(CatalogError::NoDatabase(_))
    ));
    assert!(matches!(
        catalog.alter_policy("a", "none", PolicyChange::default()),
        Err(CatalogError::NoPolicy(_))
    ));
}

#[test]
fn a_duration_of_its_own_gives_a_class_that_stays() {
    let catalog = open(&Simulated::new());
    catalog.create_database("a", None).expect("made");
    let class = || catalog.state().database("a").expect("a").policies()[0].class;
    assert_eq!(class(), Class::SHARED);
    let change = |duration| PolicyChange { duration: Some(duration), ..PolicyChange::default() };
    catalog.alter_policy("a", DEFAULT_POLICY, change(Some(Span::DAY))).expect("alter");
    let own = class();
    assert_ne!(own, Class::SHARED);
    catalog.alter_policy("a", DEFAULT_POLICY, change(None)).expect("alter");
    assert_eq!(class(), own);
    let classes = catalog.state().classes(Some(Span::HOUR));
    assert_eq!(classes.get(&own), Some(&Some(Span::HOUR)), "none follows the server");
}

#[test]
fn a_flipped_byte_is_damage_not_a_panic() {
    let disk = Simulated::new();
    open(&disk).create_database("a", None).expect("made");
    let bytes = read_all(&disk, Path::new(AT)).expect("read");
    for at in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x21;
        let error = file::decode(&bytes, Path::new(AT)).expect_err("flipped");
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
    }
}

#[test]
fn a_full_disk_changes_nothing() {
    let disk = Simulated::new();
    let catalog = open(&disk);
    catalog.create_database("a", None).expect("made");
    disk.set_full(true);
    let error = catalog.create_database("b", None).expect_err("full");
    assert!(matches!(error, CatalogError::Failed(_)), "{error}");
    assert_eq!(catalog.state().names(), ["a".into()]);
}

/// The file may have been replaced when syncing its folder fails: what is acknowledged after
/// that must not vanish with the database at the next start.
#[test]
fn a_drop_that_failed_is_undone_before_the_next_write() {
    let disk = Simulated::new();
    let catalog = open(&disk);
    catalog.create_database("a", None).expect("made");
    // Make, write, sync and rename the file; then its folder.
    disk.fail_at(disk.operations() + 4, Fault::Sync);
    catalog.drop_database("a").expect_err("the folder is not synced");
    assert_eq!(open(&disk.after_power_cut(1)).state().names(), [], "the file was replaced");
    let target = Target { database: "a".into(), policy: None };
    catalog.resolve(&target, false).expect("it is still there");
    for shape in 0..8 {
        assert_eq!(open(&disk.after_power_cut(shape)).state().names(), ["a".into()]);
    }
}
