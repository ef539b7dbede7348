/// How much a caller is told. Each level tells what the ones before it tell, and more.
///
/// | level | tells |
/// |---|---|
/// | `StatusOnly` | the verdict |
/// | `Summary` | also names, statuses, latencies and public messages; the default |
/// | `Full` | also texts of errors, data, tags, timing and places in the source; and checks whose visibility is full |
///
/// Exhaustive on purpose: who sees what is to be decided anew where there is more to decide.
///
/// ```
/// use health_actix::Level;
///
/// assert!(Level::StatusOnly < Level::Summary && Level::Summary < Level::Full);
/// assert_eq!(Level::default(), Level::Summary);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The verdict alone.
    StatusOnly,
    /// Names, statuses, latencies and public messages.
    #[default]
    Summary,
    /// Everything that is known; secrets are masked all the same.
    Full,
}

impl Level {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::StatusOnly, Self::Summary, Self::Full];

    /// As it is written.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::StatusOnly => "status_only",
            Self::Summary => "summary",
            Self::Full => "full",
        }
    }
}
