//! Texts in lines.

/// The most columns of a generated line.
pub const WIDTH: usize = 100;

/// Breaks a text into lines of at most so many columns; what stands between backticks stays whole.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words(text) {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// The words, with what stands between backticks as one.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for letter in text.chars() {
        quoted ^= letter == '`';
        if letter == ' ' && !quoted {
            words.push(std::mem::take(&mut word));
        } else {
            word.push(letter);
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// An item of a list: its first line after `first`, the others after `rest`.
pub fn item(first: &str, rest: &str, text: &str, width: usize) -> Vec<String> {
    let room = width.saturating_sub(first.chars().count().max(rest.chars().count()));
    let lines = wrap(text, room).into_iter().enumerate();
    lines.map(|(at, line)| if at == 0 { format!("{first}{line}") } else { format!("{rest}{line}") }).collect()
}

/// Whether a name stands in a text as a word.
pub fn stands(text: &str, name: &str) -> bool {
    let is_word =
        |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default().chars().next_back();
        let after = text.get(at + name.len()..).unwrap_or_default().chars().next();
        !is_word(before) && !is_word(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_not_in_code() {
        assert_eq!(wrap("one two `three four` five", 12), ["one two", "`three four`", "five"]);
        assert_eq!(wrap("", 10), Vec::<String>::new());
        assert_eq!(item("a: ", "   ", "one two three", 10), ["a: one two", "   three"]);
    }
}
