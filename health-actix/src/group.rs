use crate::access::Details;
use crate::dialect::Dialect;
use crate::status_codes::StatusCodes;

/// How `/health/groups/{tag}` answers for one tag, where it is to answer otherwise than the
/// service does. Where a dialect has groups at paths of its own, as Spring has below
/// `/actuator/health/{tag}`, its details and status codes hold there too.
///
/// They hold for the group alone: its checks are told of in the probes, and at paths of their own,
/// as the service says. One whose checks are all [hidden](crate::Visibility) is there for those
/// only who may know everything, unless it is given here: then it is there for whom its details are.
///
/// ```standalone_crate
/// use health_actix::{Details, Dialect, Group, Health, HealthService, StatusCodes};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let health = Health::builder().build()?;
/// let service = HealthService::new(&health)
///     .group(
///         Group::new("partners")
///             .details(Details::status_only())
///             .status_codes(StatusCodes::new().degraded(503)),
///     );
/// service.validate()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "give it to `HealthService::group`"]
pub struct Group {
    pub(crate) tag: String,
    pub(crate) codes: Option<StatusCodes>,
    pub(crate) details: Option<Details>,
    pub(crate) dialect: Option<Dialect>,
}

impl Group {
    /// The checks that have this tag.
    pub fn new(tag: impl Into<String>) -> Self {
        Self {
            tag: tag.into(),
            codes: None,
            details: None,
            dialect: None,
        }
    }

    /// Its status codes.
    pub const fn status_codes(mut self, codes: StatusCodes) -> Self {
        self.codes = Some(codes);
        self
    }

    /// How much it tells whom.
    pub fn details(mut self, details: Details) -> Self {
        self.details = Some(details);
        self
    }

    /// Its wire format; where the dialect is mounted does not matter. What the dialect says of
    /// status codes and details holds too, unless the group says otherwise.
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }
}
