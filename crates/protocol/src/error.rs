//! Why a whole body or a parameter was refused. Single rows are refused by
//! [`model::Refusal`] instead.

/// Why a body or a parameter of a request cannot be used at all.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// The precision is none that line protocol knows.
    #[error("invalid precision {0:?} (use n, u, ms, s, m or h)")]
    Precision(String),
    /// The body claims to be longer than it may be once decompressed.
    #[error("body of {declared} bytes once decompressed is over the limit of {limit}")]
    TooLarge {
        /// The length the body declares.
        declared: usize,
        /// The length it may have.
        limit: usize,
    },
    /// The body is not a snappy block.
    #[error("decompress snappy block: {0}")]
    Snappy(String),
    /// The message is not the protobuf it should be.
    #[error("decode protobuf message at offset {offset}: {what}")]
    Protobuf {
        /// Where, in bytes from the start of the message.
        offset: usize,
        /// What is wrong there.
        what: &'static str,
    },
}
