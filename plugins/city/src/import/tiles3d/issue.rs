//! What is wrong with a tileset, by the names that the 3D Tiles validator gives it.

use std::fmt;

use crate::import::{Problem, Severity};

/// Kind of a violation. [`Kind::code`] is the validator's name of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Not JSON.
    JsonParse,
    /// A value of another type.
    Type,
    /// A value whose type is allowed but odd.
    TypeUnexpected,
    /// An element of an array of another type.
    ElementType,
    /// Too few or too many elements.
    ArrayLength,
    /// An element twice.
    NotUnique,
    /// A number out of range.
    Range,
    /// None of the allowed values.
    NotInList,
    /// A property that must be there is not.
    Missing,
    /// None of several properties of which one must be there.
    AnyOf,
    /// Two properties that exclude each other.
    OneOf,
    /// Something that another value relies on is missing.
    Required,
    /// A name or index of something that does not exist.
    Unknown,
    /// A version nobody knows.
    Version,
    /// A bounding volume that bounds nothing.
    Volume,
    /// A token that names no S2 cell.
    S2Token,
    /// A content's volume outside its tile's.
    VolumesDiffer,
    /// A child coarser than its parent.
    Errors,
    /// The root does not say how it is refined.
    RefineMissing,
    /// An implicit root with children, metadata or without what it needs.
    ImplicitRoot,
    /// A template with a variable that does not exist.
    TemplateUnknown,
    /// A template without a variable it needs.
    TemplateMissing,
    /// An extension in use is not declared.
    ExtensionUndeclared,
    /// An extension that must be declared as required is not.
    ExtensionNotRequired,
    /// An extension that is not supported here.
    ExtensionUnsupported,
    /// An extension declared as required but not as used.
    ExtensionRequiredNotUsed,
    /// An extension declared but used nowhere.
    ExtensionNotFound,
    /// An object with fewer properties than it must have.
    PropertyCount,
    /// A required metadata value is null or absent.
    MetadataMissing,
    /// A metadata value out of its declared range.
    MetadataRange,
    /// A metadata value of another form than declared.
    MetadataType,
    /// A name that the enumeration does not have.
    MetadataEnum,
    /// Availability that contradicts itself.
    Availability,
    /// Buffers that nothing uses.
    BuffersUnused,
    /// Buffer views into no buffers.
    BuffersAbsent,
    /// Buffers and views that do not fit together.
    BufferBounds,
    /// A binary header with a value that is not allowed.
    BinaryValue,
    /// Lengths in a binary header that do not add up.
    BinaryLength,
    /// A part that does not begin at a multiple of eight bytes.
    BinaryAlignment,
    /// A file that cannot be read.
    Io,
    /// Content that cannot be decoded.
    Content,
}

impl Kind {
    /// The validator's name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::JsonParse => "JSON_PARSE_ERROR",
            Self::Type => "TYPE_MISMATCH",
            Self::TypeUnexpected => "TYPE_UNEXPECTED",
            Self::ElementType => "ARRAY_ELEMENT_TYPE_MISMATCH",
            Self::ArrayLength => "ARRAY_LENGTH_MISMATCH",
            Self::NotUnique => "ARRAY_ELEMENT_NOT_UNIQUE",
            Self::Range => "VALUE_NOT_IN_RANGE",
            Self::NotInList => "VALUE_NOT_IN_LIST",
            Self::Missing => "PROPERTY_MISSING",
            Self::AnyOf => "ANY_OF_ERROR",
            Self::OneOf => "ONE_OF_ERROR",
            Self::Required => "REQUIRED_VALUE_NOT_FOUND",
            Self::Unknown => "IDENTIFIER_NOT_FOUND",
            Self::Version => "ASSET_VERSION_UNKNOWN",
            Self::Volume => "BOUNDING_VOLUME_INVALID",
            Self::S2Token => "S2_TOKEN_INVALID",
            Self::VolumesDiffer => "BOUNDING_VOLUMES_INCONSISTENT",
            Self::Errors => "TILE_GEOMETRIC_ERRORS_INCONSISTENT",
            Self::RefineMissing => "TILE_REFINE_MISSING_IN_ROOT",
            Self::ImplicitRoot => "TILE_IMPLICIT_ROOT_INVALID",
            Self::TemplateUnknown => "TEMPLATE_URI_INVALID_VARIABLE_NAME",
            Self::TemplateMissing => "TEMPLATE_URI_MISSING_VARIABLE_NAME",
            Self::ExtensionUndeclared => "EXTENSION_FOUND_BUT_NOT_USED",
            Self::ExtensionNotRequired => "EXTENSION_REQUIRED_BUT_NOT_DECLARED",
            Self::ExtensionUnsupported => "EXTENSION_NOT_SUPPORTED",
            Self::ExtensionRequiredNotUsed => "EXTENSION_REQUIRED_BUT_NOT_USED",
            Self::ExtensionNotFound => "EXTENSION_USED_BUT_NOT_FOUND",
            Self::PropertyCount => "NUMBER_OF_PROPERTIES_MISMATCH",
            Self::MetadataMissing => "METADATA_VALUE_REQUIRED_BUT_MISSING",
            Self::MetadataRange => "METADATA_VALUE_NOT_IN_RANGE",
            Self::MetadataType => "METADATA_INVALID_TYPE",
            Self::MetadataEnum => "METADATA_VALUE_INVALID",
            Self::Availability => "SUBTREE_AVAILABILITY_INCONSISTENT",
            Self::BuffersUnused => "BUFFERS_WITHOUT_BUFFER_VIEWS",
            Self::BuffersAbsent => "BUFFER_VIEWS_WITHOUT_BUFFERS",
            Self::BufferBounds => "BUFFERS_INCONSISTENT",
            Self::BinaryValue => "BINARY_INVALID_VALUE",
            Self::BinaryLength => "BINARY_INVALID_LENGTH",
            Self::BinaryAlignment => "BINARY_INVALID_ALIGNMENT",
            Self::Io => "IO_ERROR",
            Self::Content => "CONTENT_VALIDATION_ERROR",
        }
    }
}

/// One violation: where, what, and what was done about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Issue {
    /// Kind.
    pub kind: Kind,
    /// What was done: guessed, repaired, left out, or given up ([`Severity::Error`]).
    pub severity: Severity,
    /// JSON pointer or byte in the file.
    pub place: String,
    /// What was found, what was expected, and what was done.
    pub message: String,
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.place, self.message, self.kind.code())
    }
}

impl From<Issue> for Problem {
    fn from(issue: Issue) -> Self {
        let message = format!("{} ({})", issue.message, issue.kind.code());
        Self::new(issue.severity, "tiles", issue.place, message)
    }
}

/// Violations found in one file; beyond [`Issues::MOST`] they are only counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Issues {
    /// In order of finding.
    pub list: Vec<Issue>,
    /// Found beyond the list.
    pub more: usize,
}

impl Issues {
    /// Issues kept.
    pub const MOST: usize = 200;

    /// Adds one.
    pub fn push(&mut self, kind: Kind, severity: Severity, place: impl fmt::Display, message: impl Into<String>) {
        if self.list.len() < Self::MOST {
            self.list.push(Issue { kind, severity, place: place.to_string(), message: message.into() });
        } else {
            self.more += 1;
        }
    }

    /// Takes over another file's.
    pub fn append(&mut self, mut other: Self) {
        let room = Self::MOST.saturating_sub(self.list.len());
        self.more += other.more + other.list.len().saturating_sub(room);
        other.list.truncate(room);
        self.list.append(&mut other.list);
    }

    /// The first that made the file unusable.
    #[must_use]
    pub fn fatal(&self) -> Option<&Issue> {
        self.list.iter().find(|i| i.severity == Severity::Error)
    }
}
