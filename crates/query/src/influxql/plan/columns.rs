//! What columns are called, and what `*` stands for.

use crate::influxql::ast::{DataType, Expr, Field, Pattern, Reference, WildcardKind};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a field is called as long as no other is called so.
pub(crate) fn field_name(field: &Field) -> String {
    field.alias.clone().unwrap_or_else(|| expr_name(&field.expr))
}

fn expr_name(expr: &Expr) -> String {
    match expr {
        Expr::Reference(reference) => reference.name.clone(),
        Expr::Call(call) => call.name.clone(),
        Expr::Paren(inner) => expr_name(inner),
        Expr::Binary(_) => {
            let mut names = Vec::new();
            collect_names(expr, &mut names);
            names.join("_")
        }
        _ => String::new(),
    }
}

fn collect_names(expr: &Expr, names: &mut Vec<String>) {
    match expr {
        Expr::Reference(reference) => names.push(reference.name.clone()),
        Expr::Call(call) => names.push(call.name.clone()),
        Expr::Paren(inner) => collect_names(inner, names),
        Expr::Binary(binary) => {
            collect_names(&binary.left, names);
            collect_names(&binary.right, names);
        }
        _ => {}
    }
}

/// The names of all columns: aliases as they are, repeated names with a number.
pub(crate) fn column_names(fields: &[Field]) -> Vec<String> {
    let mut taken: HashMap<String, usize> = HashMap::new();
    for alias in fields.iter().filter_map(|field| field.alias.as_ref()) {
        taken.insert(alias.clone(), 1);
    }
    let mut names = Vec::with_capacity(fields.len());
    for field in fields {
        if let Some(alias) = &field.alias {
            names.push(alias.clone());
            continue;
        }
        let mut name = expr_name(&field.expr);
        if let Some(&seen) = taken.get(&name) {
            let numbers = seen..;
            let free = numbers.map(|n| (n, format!("{name}_{n}")));
            let mut free = free.filter(|(_, candidate)| !taken.contains_key(candidate));
            if let Some((number, candidate)) = free.next() {
                taken.insert(name, number + 1);
                name = candidate;
            }
        }
        *taken.entry(name.clone()).or_default() += 1;
        names.push(name);
    }
    names
}

/// What can be asked for: fields with what they hold, and tags.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Schema {
    /// Fields.
    pub(crate) fields: BTreeMap<String, DataType>,
    /// Tags.
    pub(crate) tags: BTreeSet<String>,
}

impl Schema {
    /// Notes a field; where it holds different things, the stronger kind stays.
    pub(crate) fn add_field(&mut self, name: &str, kind: DataType) {
        match self.fields.get_mut(name) {
            Some(known) => *known = known.merge(kind),
            None => drop(self.fields.insert(name.to_owned(), kind)),
        }
    }

    /// Notes a tag.
    pub(crate) fn add_tag(&mut self, name: &str) {
        if !self.tags.contains(name) {
            self.tags.insert(name.to_owned());
        }
    }

    /// What a reference means here.
    pub(crate) fn kind_of(&self, reference: &Reference) -> DataType {
        match reference.kind {
            DataType::Unknown => match self.fields.get(&reference.name) {
                Some(kind) => *kind,
                None if self.tags.contains(&reference.name) => DataType::Tag,
                None => DataType::Unknown,
            },
            DataType::AnyField => self.fields.get(&reference.name).copied().unwrap_or_default(),
            said => said,
        }
    }

    /// The fields with every `*` and pattern replaced by what it stands for.
    ///
    /// Tags that are grouped by are no columns of `*`, unless all tags are.
    pub(crate) fn expand(&self, fields: &[Field], dimensions: &[Expr]) -> Vec<Field> {
        let all_grouped = dimensions.iter().any(is_open);
        let mut tags = self.tags.clone();
        for dimension in dimensions {
            if let Expr::Reference(tag) = dimension {
                tags.remove(&tag.name);
            }
        }
        if all_grouped {
            tags.clear();
        }
        let fields_of = self.fields.iter().map(|(name, kind)| (name.clone(), *kind));
        let tags_of = tags.into_iter().map(|name| (name, DataType::Tag));
        let mut columns: Vec<_> = fields_of.chain(tags_of).collect();
        // A field before the tag of the same name.
        columns.sort_by_key(|(name, kind)| (name.clone(), *kind == DataType::Tag));
        let columns: Vec<_> =
            columns.into_iter().map(|(name, kind)| Reference { name, kind }).collect();
        fields.iter().flat_map(|field| expand_field(field, &columns)).collect()
    }

    /// The tags to group by, sorted, no name twice.
    pub(crate) fn dimensions(&self, dimensions: &[Expr]) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for dimension in dimensions {
            match dimension {
                Expr::Reference(tag) => drop(names.insert(tag.name.clone())),
                Expr::Pattern(pattern) => {
                    names.extend(self.tags.iter().filter(|tag| pattern.is_match(tag)).cloned());
                }
                _ => names.extend(self.tags.iter().cloned()),
            }
        }
        names
    }
}

/// Whether a dimension or field stands for names that the text does not tell.
pub(crate) fn is_open(expr: &Expr) -> bool {
    matches!(expr, Expr::Wildcard(_) | Expr::Pattern(_))
}

fn expand_field(field: &Field, columns: &[Reference]) -> Vec<Field> {
    let bare =
        |reference: &Reference| Field { expr: Expr::Reference(reference.clone()), alias: None };
    match &field.expr {
        Expr::Wildcard(kind) => {
            let wanted = |column: &&Reference| match kind {
                None => true,
                Some(WildcardKind::Field) => column.kind != DataType::Tag,
                Some(WildcardKind::Tag) => column.kind == DataType::Tag,
            };
            columns.iter().filter(wanted).map(bare).collect()
        }
        Expr::Pattern(pattern) => {
            columns.iter().filter(|column| pattern.is_match(&column.name)).map(bare).collect()
        }
        call @ Expr::Call(_) => expand_call(field, call, columns),
        _ => vec![field.clone()],
    }
}

/// `mean(*)` for every column `mean` takes.
fn expand_call(field: &Field, call: &Expr, columns: &[Reference]) -> Vec<Field> {
    let Some((function, pattern)) = open_argument(call) else { return vec![field.clone()] };
    let takes = |kind: DataType| match function {
        "count" | "first" | "last" | "distinct" | "elapsed" | "mode" | "sample" => {
            kind != DataType::Tag
        }
        "min" | "max" => kind.is_number() || kind == DataType::Bool,
        _ => kind.is_number(),
    };
    let fits = |column: &&Reference| {
        takes(column.kind) && pattern.is_none_or(|pattern| pattern.is_match(&column.name))
    };
    let name = field_name(field);
    let expanded = columns.iter().filter(fits).map(|column| {
        let mut expr = call.clone();
        close_argument(&mut expr, column);
        Field { expr, alias: Some(format!("{name}_{}", column.name)) }
    });
    expanded.collect()
}

/// The innermost function of a call and its pattern, where its argument is open.
fn open_argument(expr: &Expr) -> Option<(&str, Option<&Pattern>)> {
    let Expr::Call(call) = expr else { return None };
    match call.args.first()? {
        inner @ Expr::Call(_) => open_argument(inner),
        Expr::Wildcard(_) => Some((&call.name, None)),
        Expr::Pattern(pattern) => Some((&call.name, Some(pattern))),
        _ => None,
    }
}

/// Puts `column` in the place of the open argument.
fn close_argument(expr: &mut Expr, column: &Reference) {
    let Expr::Call(call) = expr else { return };
    match call.args.first_mut() {
        Some(inner @ Expr::Call(_)) => close_argument(inner, column),
        Some(argument) => *argument = Expr::Reference(column.clone()),
        None => {}
    }
}

#[cfg(test)]
mod tests;
