//! Operators between two expressions.

/// The operators there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "they are named as in the language")]
pub enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    And,
    Or,
    Unless,
}

impl Operator {
    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::Atan2 => "atan2",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::Less => "<",
            Self::GreaterEqual => ">=",
            Self::LessEqual => "<=",
            Self::And => "and",
            Self::Or => "or",
            Self::Unless => "unless",
        }
    }

    /// Whether it is `and`, `or` or `unless`.
    pub fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    /// Whether it compares.
    pub fn is_comparison(self) -> bool {
        use Operator::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
        matches!(self, Equal | NotEqual | Greater | Less | GreaterEqual | LessEqual)
    }

    /// How tightly it binds what stands left and right of it; higher is tighter.
    pub(crate) fn binding(self) -> (u8, u8) {
        match self {
            Self::Or => (1, 2),
            Self::And | Self::Unless => (3, 4),
            Self::Add | Self::Sub => (7, 8),
            Self::Mul | Self::Div | Self::Mod | Self::Atan2 => (9, UNARY_BINDING),
            // The only one that groups from the right.
            Self::Pow => (11, 11),
            _ => (5, 6),
        }
    }
}

/// How tightly a sign binds: looser than a power, tighter than a product.
pub(crate) const UNARY_BINDING: u8 = 10;
