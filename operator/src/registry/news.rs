//! What has happened to a resource, for people who read along.

/// One thing that has happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct News {
    pub weight: Weight,
    /// One CamelCase word for programs, at most 128 characters.
    pub reason: String,
    /// What was being done: the name of a step, or of a condition.
    pub action: String,
    /// For people.
    pub message: String,
}

/// Whether somebody should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weight {
    Normal,
    Warning,
}
