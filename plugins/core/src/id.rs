//! Domain ids. Ids that users see (sensors, units, cases) keep the spelling of their source.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as written by its source.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }
        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id!(
    /// A stream of observations: the `@iot.id` of a SensorThings Datastream, as text.
    SensorId
);
text_id!(
    /// A crew with its vehicle, for example `DRAIN-07`.
    UnitId
);
text_id!(
    /// A case number (案卷号), for example `GL202611210001`; exercise cases begin with `YL-`.
    CaseId
);
text_id!(
    /// A responsible organisation (联动处置单位) or centre.
    OrgId
);
text_id!(
    /// A timeline (room) of this program: `live`, `drill-1`, `replay-3` …
    TimelineId
);
text_id!(
    /// Names one command for ever: a client that sends it twice gets the first reply again.
    CommandId
);

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id!(
    /// One alert from its first raise to its end, unique in its timeline.
    AlertId
);
number_id!(
    /// One assignment of a unit to a case, unique in its timeline.
    DispatchId
);
