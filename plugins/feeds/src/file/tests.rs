use super::*;

const WHOLE: &str = include_str!("../../../../scenes/feeds/example.toml");

#[test]
fn the_example_has_every_kind_and_is_right() {
    let file = FeedsFile::parse("example.toml", WHOLE).unwrap();
    let mut kinds: Vec<&str> = file.feeds.iter().map(|f| f.kind.key()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut all = KINDS.to_vec();
    all.sort_unstable();
    assert_eq!(kinds, all);
}

fn wrong(feed: &str) -> FileError {
    FeedsFile::parse("f.toml", &format!("format = \"guanlan-feeds/1\"\n{feed}")).unwrap_err()
}

#[test]
fn mistakes_name_file_line_and_field() {
    let map = "[[feed.map]]\nid = \"id\"\nvalue = \"v\"\n";
    for (feed, line, field, word) in [
        ("[[feed]]\nkind = \"http\"\n", 2, "name", "name"),
        ("[[feed]]\nname = \"a\"\n", 2, "feed \"a\".kind", "missing"),
        ("[[feed]]\nname = \"a\"\nkind = \"htp\"\n", 4, "feed \"a\".kind", "htp"),
        ("[[feed]]\nname = \"a\"\nkind = \"cap\"\nurl = \"x\"\nurls = \"y\"\n", 6, "feed \"a\".urls", "urls"),
        ("[[feed]]\nname = \"a\"\nkind = \"cap\"\nurl = 3\n", 5, "feed \"a\".url", "string"),
        ("[[feed]]\nname = \"a\"\nkind = \"http\"\nurl = \"ftp://h\"\n", 5, "feed \"a\".url", "http://"),
        (
            "[[feed]]\nname = \"a\"\nkind = \"mqtt\"\nurl = \"mqtt://h\"\ntopics = [\"a/#/b\"]\n",
            6,
            "feed \"a\".topics[0]",
            "filter",
        ),
        (
            "[[feed]]\nname = \"a\"\nkind = \"mqtt\"\nurl = \"mqtt://h\"\ntopics = [\"a/b\", \"a/+\"]\n",
            6,
            "feed \"a\".topics[1]",
            "overlaps",
        ),
        (
            "[[feed]]\nname = \"a\"\nkind = \"mqtt\"\nurl = \"mqtt://h\"\npassword = \"hunter2\"\n",
            6,
            "feed \"a\".password",
            "env:NAME",
        ),
        ("[[feed]]\nname = \"a\"\nkind = \"mqtt\"\nurl = \"mqtt://h\"\ncrs = \"Mars\"\n", 6, "feed \"a\".crs", "Mars"),
        (
            "[[feed]]\nname = \"a\"\nkind = \"cap\"\nurl = \"x\"\n[[feed]]\nname = \"a\"\nkind = \"cap\"\nurl = \"x\"\n",
            7,
            "feed \"a\".name",
            "already",
        ),
        ("[feeds]\n", 2, "feeds", "unknown"),
        ("x = \n", 2, "file", ""),
    ] {
        let said = wrong(feed);
        assert!(said.field.contains(field), "{feed}: {said}");
        assert!(said.line == line && said.reason.contains(word) && said.file == "f.toml", "{feed}: {said}");
        assert!(!said.to_string().contains("hunter2"), "a secret is not repeated");
    }
    let http = "[[feed]]\nname = \"a\"\nkind = \"http\"\nurl = \"http://h\"\n";
    for (more, line, field) in [
        ("property = \"depth\"\n", 9, "map[0].property"),
        ("property = \"river_stage\"\nunit = \"mm/h\"\n", 10, "map[0].unit"),
        ("unit = \"ft\"\n", 9, "map[0].unit"),
        ("time_format = \"noon\"\n", 9, "map[0].time_format"),
        ("zone = \"+8\"\n", 9, "map[0].zone"),
        ("time = \"$..[\"\n", 9, "map[0].time"),
        ("as = \"position\"\n", 6, "map[0].lon"),
        ("as = \"bird\"\n", 9, "map"),
    ] {
        let said = wrong(&format!("{http}{map}{more}"));
        assert!(said.field.contains(field), "{more}: {said}");
        assert_eq!(said.line, line, "{more}: {said}");
    }
    assert_eq!(FeedsFile::parse("f.toml", "").unwrap_err().field, "format");
    assert_eq!(FeedsFile::parse("f.toml", "format = \"guanlan-feeds/9\"").unwrap_err().line, 1);
}

#[test]
fn secrets_stay_in_the_environment() {
    let feed = "format = \"guanlan-feeds/1\"\n[[feed]]\nname = \"a\"\nkind = \"mqtt\"\nurl = \"mqtt://h\"\npassword = \"env:GUANLAN_TEST_NO_SUCH\"\n";
    let file = FeedsFile::parse("f.toml", feed).unwrap();
    let Kind::Mqtt(mqtt) = &file.feeds[0].kind else { panic!() };
    assert!(mqtt.password.as_ref().unwrap().value().unwrap_err().contains("GUANLAN_TEST_NO_SUCH"));
}

#[test]
fn the_schema_knows_every_kind_and_its_fields() {
    let schema = schema();
    let kinds = schema["properties"]["feed"]["items"]["oneOf"].as_array().unwrap();
    assert_eq!(kinds.len(), KINDS.len());
    for kind in kinds {
        let fields = kind["properties"].as_object().unwrap();
        for common in COMMON {
            assert!(fields.contains_key(common), "{} has no {common}", kind["title"]);
        }
    }
    let text = schema.to_string();
    for reference in text.split("\"$ref\":\"#/$defs/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schema["$defs"].get(name).is_some(), "{name} is referred to and not there");
    }
}

mod fuzz {
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn no_text_makes_the_reader_fall(cut in 0usize..6000, noise in "[ -~\n一-龥]{0,40}") {
            let mut end = cut.min(super::WHOLE.len());
            while !super::WHOLE.is_char_boundary(end) {
                end -= 1;
            }
            let text = format!("{}{noise}", &super::WHOLE[..end]);
            if let Err(error) = super::FeedsFile::parse("f", &text) {
                prop_assert!(error.line <= text.lines().count() + 1);
            }
        }
    }
}
