//! Lines of a file.

/// As far as a line of a comment goes.
const WIDTH: usize = 96;

/// What a comment says, in lines that begin with `# `.
pub(super) fn comment(says: &str) -> String {
    let mut lines = vec![String::from("#")];
    for word in says.split_whitespace() {
        let full = |line: &String| line.len() > 1 && line.len() + 1 + word.len() > WIDTH;
        if lines.last().is_none_or(full) {
            lines.push(String::from("#"));
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The lines with so many spaces before them.
pub(super) fn indented(spaces: usize, text: &str) -> String {
    let margin = " ".repeat(spaces);
    let lines = text.lines().map(|line| match line {
        "" => "\n".to_owned(),
        _ => format!("{margin}{line}\n"),
    });
    lines.collect()
}
