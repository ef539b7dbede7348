//! The attribute, with whatever arguments on whatever item.

use attribute::expand;
use attribute::proc_macro2::{TokenStream, TokenTree};
use attribute::syn::{self, File, Item, ItemFn};

/// How deeply brackets may be nested: beyond, the compiler itself gives up, and so may a parser's stack.
const DEEPEST: usize = 64;

/// Expands the attribute: its arguments are the first line, and the rest is the item. Returns whether
/// there was no mistake, if there were tokens at all.
///
/// # Panics
/// If a promise is broken.
pub fn keep(bytes: &[u8]) -> Option<bool> {
    let (args, item) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
    if [args, item].into_iter().any(is_too_deep) {
        return None;
    }
    let args: TokenStream = args.parse().ok()?;
    let item: TokenStream = item.parse().ok()?;
    let expansion = expand(args.clone(), item.clone());
    let again = expand(args.clone(), item.clone());
    assert_eq!(
        expansion.to_string(),
        again.to_string(),
        "another each time"
    );

    let (before, rest) = around(&expansion, &item);
    let rest: File = syn::parse2(rest).expect("items come after the function");
    let mistakes = rest.items.iter().filter(|item| is_mistake(item)).count();
    if mistakes > 0 {
        assert_eq!(mistakes, rest.items.len(), "registered despite a mistake");
        assert!(before.is_empty(), "changed despite a mistake");
        return Some(false);
    }
    let [Item::Const(_)] = &rest.items[..] else {
        panic!("{} items instead of one", rest.items.len());
    };
    // The body of a function is the compiler's to read.
    if syn::parse2::<ItemFn>(item).is_ok() {
        syn::parse2::<File>(expansion).expect("items");
    }
    Some(true)
}

fn is_too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    text.bytes().any(|byte| {
        match byte {
            b'(' | b'[' | b'{' | b'<' => depth += 1,
            b')' | b']' | b'}' | b'>' => depth = depth.saturating_sub(1),
            // What also begins something within which a type or an expression stands.
            b'&' | b'*' | b'!' | b'-' | b'|' => depth += usize::from(depth > DEEPEST / 2),
            _ => {}
        }
        depth > DEEPEST
    })
}

/// What comes before and after the item in the expansion, in which it is as it was.
fn around(expansion: &TokenStream, item: &TokenStream) -> (TokenStream, TokenStream) {
    let tokens: Vec<_> = expansion.clone().into_iter().collect();
    let item: Vec<_> = item.clone().into_iter().collect();
    // `#[allow(clippy::..)]`, or nothing.
    let starts = [0, 2];
    let written = |tokens: &[TokenTree]| TokenStream::from_iter(tokens.to_vec()).to_string();
    let found = starts.into_iter().find(|start| {
        let end = start + item.len();
        tokens.len() >= end && written(&tokens[*start..end]) == written(&item)
    });
    let start = found.unwrap_or_else(|| panic!("the function is not as it was: {expansion}"));
    let (before, rest) = (
        tokens[..start].to_vec(),
        tokens[start + item.len()..].to_vec(),
    );
    (TokenStream::from_iter(before), TokenStream::from_iter(rest))
}

/// Whether that is a `compile_error!` with a text.
fn is_mistake(item: &Item) -> bool {
    let Item::Macro(item) = item else {
        return false;
    };
    let name = item.mac.path.segments.last();
    let is_one = name.is_some_and(|name| name.ident == "compile_error");
    let text = is_one.then(|| syn::parse2::<syn::LitStr>(item.mac.tokens.clone()));
    let text = text.map(|text| text.expect("a text is what it says").value());
    text.is_some_and(|text| !text.trim().is_empty())
}
