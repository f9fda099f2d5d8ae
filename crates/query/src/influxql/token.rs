//! Words of the language: what a scanner can find.

use std::fmt;

/// One kind of token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Token {
    /// A character that starts nothing.
    Illegal,
    /// The end of the text.
    Eof,
    /// Blanks, tabs and line ends.
    Blank,
    /// `-- to the end of the line` or `/* … */`.
    Comment,
    /// A name, bare or in double quotes.
    Ident,
    /// `$name`.
    Parameter,
    /// `1.5`.
    Number,
    /// `15`.
    Integer,
    /// `1h30m`, or anything else that starts with a digit and goes on with letters.
    Duration,
    /// `'text'`.
    Text,
    /// A text without its end.
    BadText,
    /// A backslash before a character that takes none.
    BadEscape,
    /// `/pattern/`.
    Regex,
    /// A pattern without its end.
    BadRegex,
    /// An operator between two expressions.
    Operator(Operator),
    /// `(`.
    LeftParen,
    /// `)`.
    RightParen,
    /// `,`.
    Comma,
    /// `:`.
    Colon,
    /// `::`.
    DoubleColon,
    /// `;`.
    Semicolon,
    /// `.`.
    Dot,
    /// `true`.
    True,
    /// `false`.
    False,
    /// A word that cannot be a bare name.
    Keyword(Keyword),
}

impl fmt::Display for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Illegal => "ILLEGAL",
            Self::Eof => "EOF",
            Self::Blank => "WS",
            Self::Comment => "COMMENT",
            Self::Ident => "IDENT",
            Self::Parameter => "BOUNDPARAM",
            Self::Number => "NUMBER",
            Self::Integer => "INTEGER",
            Self::Duration => "DURATIONVAL",
            Self::Text => "STRING",
            Self::BadText => "BADSTRING",
            Self::BadEscape => "BADESCAPE",
            Self::Regex => "REGEX",
            Self::BadRegex => "BADREGEX",
            Self::Operator(operator) => operator.text(),
            Self::LeftParen => "(",
            Self::RightParen => ")",
            Self::Comma => ",",
            Self::Colon => ":",
            Self::DoubleColon => "::",
            Self::Semicolon => ";",
            Self::Dot => ".",
            Self::True => "TRUE",
            Self::False => "FALSE",
            Self::Keyword(keyword) => keyword.text(),
        })
    }
}

/// What stands between two expressions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Operator {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Mod,
    /// `&`
    BitAnd,
    /// `|`
    BitOr,
    /// `^`
    BitXor,
    /// `AND`
    And,
    /// `OR`
    Or,
    /// `=`
    Eq,
    /// `!=`, `<>`
    NotEq,
    /// `=~`
    Like,
    /// `!~`
    NotLike,
    /// `<`
    Lt,
    /// `<=`
    Lte,
    /// `>`
    Gt,
    /// `>=`
    Gte,
}

impl Operator {
    /// What it says of two ordered values; nothing where it is no comparison.
    pub(crate) fn compare<T: PartialOrd>(self, a: &T, b: &T) -> Option<bool> {
        Some(match self {
            Self::Eq => a == b,
            Self::NotEq => a != b,
            Self::Lt => a < b,
            Self::Lte => a <= b,
            Self::Gt => a > b,
            Self::Gte => a >= b,
            _ => return None,
        })
    }

    /// As it is printed.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::BitAnd => "&",
            Self::BitOr => "|",
            Self::BitXor => "^",
            Self::And => "AND",
            Self::Or => "OR",
            Self::Eq => "=",
            Self::NotEq => "!=",
            Self::Like => "=~",
            Self::NotLike => "!~",
            Self::Lt => "<",
            Self::Lte => "<=",
            Self::Gt => ">",
            Self::Gte => ">=",
        }
    }

    /// How tightly it binds; all operators associate to the left.
    pub(crate) fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Eq
            | Self::NotEq
            | Self::Like
            | Self::NotLike
            | Self::Lt
            | Self::Lte
            | Self::Gt
            | Self::Gte => 3,
            Self::Add | Self::Sub | Self::BitOr | Self::BitXor => 4,
            Self::Mul | Self::Div | Self::Mod | Self::BitAnd => 5,
        }
    }

    /// Whether its right side is a pattern.
    pub(crate) fn takes_regex(self) -> bool {
        matches!(self, Self::Like | Self::NotLike)
    }

    /// Whether it gives a truth value, and so belongs into a WHERE clause.
    pub(crate) fn is_condition(self) -> bool {
        self.precedence() <= 3
    }

    /// The operator that means the same with both sides exchanged.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Self::Lt => Self::Gt,
            Self::Lte => Self::Gte,
            Self::Gt => Self::Lt,
            Self::Gte => Self::Lte,
            same => same,
        }
    }
}

/// Declares the reserved words once: the variant, and the text it is printed as.
macro_rules! keywords {
    ($($variant:ident $text:literal)*) => {
        /// Words that cannot be bare names.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[allow(missing_docs, reason = "each variant is the word itself")]
        pub(crate) enum Keyword { $($variant),* }

        impl Keyword {
            /// The word in capitals.
            pub(crate) fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The keyword that is spelled so, in capitals or not.
            fn find(word: &str) -> Option<Self> {
                $(if word.eq_ignore_ascii_case($text) { return Some(Self::$variant); })*
                None
            }
        }
    };
}

keywords! {
    All "ALL" Alter "ALTER" Analyze "ANALYZE" Any "ANY" As "AS" Asc "ASC" Begin "BEGIN" By "BY"
    Cardinality "CARDINALITY" Continuous "CONTINUOUS" Create "CREATE" Database "DATABASE"
    Databases "DATABASES" Default "DEFAULT" Delete "DELETE" Desc "DESC"
    Destinations "DESTINATIONS" Diagnostics "DIAGNOSTICS" Distinct "DISTINCT" Drop "DROP"
    Duration "DURATION" End "END" Every "EVERY" Exact "EXACT" Explain "EXPLAIN" Field "FIELD"
    For "FOR" From "FROM" Grant "GRANT" Grants "GRANTS" Group "GROUP" Groups "GROUPS" In "IN"
    Inf "INF" Insert "INSERT" Into "INTO" Key "KEY" Keys "KEYS" Kill "KILL" Limit "LIMIT"
    Measurement "MEASUREMENT" Measurements "MEASUREMENTS" Name "NAME" Offset "OFFSET" On "ON"
    Order "ORDER" Password "PASSWORD" Policies "POLICIES" Policy "POLICY"
    Privileges "PRIVILEGES" Queries "QUERIES" Query "QUERY" Read "READ"
    Replication "REPLICATION" Resample "RESAMPLE" Retention "RETENTION" Revoke "REVOKE"
    Select "SELECT" Series "SERIES" Set "SET" Shard "SHARD" Shards "SHARDS" Show "SHOW"
    Slimit "SLIMIT" Soffset "SOFFSET" Stats "STATS" Subscription "SUBSCRIPTION"
    Subscriptions "SUBSCRIPTIONS" Tag "TAG" To "TO" User "USER" Users "USERS" Values "VALUES"
    Where "WHERE" With "WITH" Write "WRITE"
}

/// The token a bare word is: a reserved one, or a name.
pub(crate) fn lookup(word: &str) -> Token {
    match word {
        _ if word.eq_ignore_ascii_case("and") => Token::Operator(Operator::And),
        _ if word.eq_ignore_ascii_case("or") => Token::Operator(Operator::Or),
        _ if word.eq_ignore_ascii_case("true") => Token::True,
        _ if word.eq_ignore_ascii_case("false") => Token::False,
        _ => Keyword::find(word).map_or(Token::Ident, Token::Keyword),
    }
}
