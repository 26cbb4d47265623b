//! Words on the screen: Fluent tables in `assets/i18n`, embedded, Chinese and English.

use std::{collections::BTreeMap, sync::OnceLock};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use guanlan_core::Lang;

/// The Chinese table.
pub const ZH: &str = include_str!("../../../assets/i18n/zh.ftl");
/// The English table.
pub const EN: &str = include_str!("../../../assets/i18n/en.ftl");

struct Table {
    bundle: FluentBundle<FluentResource>,
    /// Messages without arguments, resolved once: a label costs a look-up, not a parse.
    plain: BTreeMap<String, String>,
}

/// Keys of a table in order of the text: lines `key = …` at the left margin.
#[must_use]
pub fn keys(source: &str) -> Vec<&str> {
    source
        .lines()
        .filter(|l| l.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|l| l.split_once('=').map(|(k, _)| k.trim()))
        .collect()
}

fn table(lang: Lang) -> &'static Table {
    static TABLES: OnceLock<[Table; 2]> = OnceLock::new();
    let tables = TABLES.get_or_init(|| [build("zh-CN", ZH), build("en", EN)]);
    &tables[usize::from(lang == Lang::En)]
}

fn build(id: &str, source: &str) -> Table {
    let mut bundle = FluentBundle::new_concurrent(id.parse().into_iter().collect());
    // Isolation marks are for mixed directions; the fonts have no glyph for them.
    bundle.set_use_isolating(false);
    let resource = match FluentResource::try_new(source.to_owned()) {
        Ok(whole) => whole,
        Err((part, errors)) => {
            tracing::error!(?errors, "words of {id}");
            part
        }
    };
    if let Err(errors) = bundle.add_resource(resource) {
        tracing::error!(?errors, "words of {id}");
    }
    let mut plain = BTreeMap::new();
    for key in keys(source) {
        let Some(pattern) = bundle.get_message(key).and_then(|m| m.value()) else { continue };
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, None, &mut errors).into_owned();
        if errors.is_empty() {
            plain.insert(key.to_owned(), text);
        }
    }
    Table { bundle, plain }
}

/// The words for a key; the key itself where there are none, so that a gap is seen and not fatal.
#[must_use]
pub fn tr(lang: Lang, key: &'static str) -> &'static str {
    table(lang).plain.get(key).map_or(key, String::as_str)
}

/// The words for a key with its arguments in place.
#[must_use]
pub fn tr_with(lang: Lang, key: &str, args: &[(&'static str, &str)]) -> String {
    let table = table(lang);
    let Some(pattern) = table.bundle.get_message(key).and_then(|m| m.value()) else { return key.to_owned() };
    let mut fluent = FluentArgs::new();
    for (name, value) in args {
        fluent.set(*name, FluentValue::from(*value));
    }
    let mut errors = Vec::new();
    table.bundle.format_pattern(pattern, Some(&fluent), &mut errors).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn both_languages_have_the_same_keys_once() {
        let (zh, en) = (keys(ZH), keys(EN));
        let set = |k: &[&str]| k.iter().map(|s| (*s).to_owned()).collect::<BTreeSet<_>>();
        let (zh_set, en_set) = (set(&zh), set(&en));
        assert_eq!(zh.len(), zh_set.len(), "a Chinese key is there twice");
        assert_eq!(en.len(), en_set.len(), "an English key is there twice");
        assert_eq!(zh_set.symmetric_difference(&en_set).collect::<Vec<_>>(), Vec::<&String>::new());
        assert!(zh.len() > 60);
    }

    #[test]
    fn both_languages_take_the_same_arguments() {
        let arguments = |source: &str, key: &str| -> BTreeSet<String> {
            let line = source.lines().find(|l| l.starts_with(&format!("{key} ="))).unwrap_or("").to_owned();
            line.split('$').skip(1).map(|s| s.chars().take_while(|c| c.is_ascii_alphanumeric()).collect()).collect()
        };
        for key in keys(ZH) {
            assert_eq!(arguments(ZH, key), arguments(EN, key), "{key}");
        }
    }

    #[test]
    fn every_key_in_the_code_is_in_the_tables() {
        let known: BTreeSet<&str> = keys(ZH).into_iter().collect();
        let mut seen = 0;
        let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap();
                for part in code.split("\"k-").skip(1) {
                    let key = part.split('"').next().unwrap();
                    let key = format!("k-{key}");
                    assert!(known.contains(key.as_str()), "{} asks for {key}", path.display());
                    seen += 1;
                }
            }
        }
        assert!(seen > 60, "only {seen} keys were found in the code");
    }

    #[test]
    fn arguments_go_where_they_belong() {
        assert_eq!(tr_with(Lang::Zh, "k-more", &[("n", "7")]), "+7 条");
        assert_eq!(tr_with(Lang::En, "k-more", &[("n", "7")]), "+7 more");
        assert_eq!(tr(Lang::Zh, "k-alerts"), "告警");
    }
}
