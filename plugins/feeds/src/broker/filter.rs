//! Topic filters: which topics fit, shared subscriptions.

/// `$share/GROUP/FILTER` → group and filter.
pub(super) fn shared(filter: &str) -> Option<(&str, &str)> {
    filter.strip_prefix("$share/")?.split_once('/')
}

/// Does a topic fit a filter? Topics that begin with `$` are not for wildcards at their begin.
pub(super) fn fits(topic: &str, filter: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['#', '+']) {
        return false;
    }
    let mut levels = topic.split('/');
    let mut filters = filter.split('/');
    loop {
        match (filters.next(), levels.next()) {
            // `a/#` is for `a`, too.
            (Some("#"), _) => return true,
            (Some("+"), Some(_)) => {}
            (Some(f), Some(t)) if f == t => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn filters() {
        for (topic, filter, want) in [
            ("a/b/c", "a/b/c", true),
            ("a/b/c", "a/+/c", true),
            ("a/b/c", "a/#", true),
            ("a", "a/#", true),
            ("a/b", "a", false),
            ("a", "a/b", false),
            ("a/b", "+", false),
            ("a/", "a/+", true),
            ("/a", "+/a", true),
            ("河道/水位", "河道/+", true),
            ("$SYS/x", "#", false),
            ("$SYS/x", "+/x", false),
            ("$SYS/x", "$SYS/#", true),
        ] {
            assert_eq!(fits(topic, filter), want, "{topic} {filter}");
        }
    }
}
