//! The endpoints, as one reader has them.

use std::collections::BTreeMap;

use health_core::Health;

use super::Levels;
use crate::access::Level;
use crate::dialect::Format;
use crate::dialect::schema::About;
use crate::endpoint::Endpoint;
use crate::target::Target;
use crate::voice::Voice;

/// The checks as they are at one moment, as far as each level may know of them.
pub(super) struct Abouts([About; 3]);

impl Abouts {
    pub(super) fn of(health: &Health) -> Self {
        let levels = [Level::StatusOnly, Level::Summary, Level::Full];
        Self(levels.map(|level| About::new(health, level)))
    }

    const fn at(&self, level: Level) -> &About {
        &self.0[level as usize]
    }
}

/// An endpoint, or a group that has a path of its own in the document.
pub(super) struct Described<'a> {
    pub(super) path: String,
    pub(super) target: Target,
    /// How it answers what is not asked for with one of the methods.
    pub(super) own: &'a Voice,
    /// How it answers: the first one unless it is asked for a group that has something of its own.
    pub(super) answers: Vec<Answers<'a>>,
}

/// How something is answered, and what there is to say to the reader.
#[derive(Clone, Copy)]
pub(super) struct Answers<'a> {
    pub(super) voice: &'a Voice,
    pub(super) about: &'a About,
}

impl<'a> Described<'a> {
    /// All of them.
    pub(super) fn all(endpoints: &'a [Endpoint], levels: &Levels, abouts: &'a Abouts) -> Vec<Self> {
        let answers = |voice: &'a Voice| Answers {
            voice,
            about: abouts.at(levels.of_voice(voice)),
        };
        let all = endpoints.iter().map(|it| Self::of(it, &answers));
        all.flatten().collect()
    }

    /// The groups that answer otherwise than the rest have paths of their own, as far as the
    /// reader may know of them.
    fn of(endpoint: &'a Endpoint, answers: &impl Fn(&'a Voice) -> Answers<'a>) -> Vec<Self> {
        let own = &*endpoint.voice;
        let first = answers(own);
        let described = |path, answers| Self {
            path,
            target: endpoint.target,
            own,
            answers,
        };
        let mut of_all = vec![first];
        let mut of_groups = Vec::new();
        for (tag, voice) in endpoint.groups.iter() {
            match endpoint.target {
                Target::Group if first.about.tags.contains(tag) => {
                    let path = endpoint.path.replace("{tag}", &encoded(tag));
                    of_groups.push(described(path, vec![answers(voice)]));
                }
                Target::Group | Target::Tree => of_all.push(answers(voice)),
                _ => {}
            }
        }
        of_groups.push(described(endpoint.path.clone(), of_all));
        of_groups
    }

    pub(super) fn first(&self) -> Answers<'a> {
        self.answers[0]
    }
}

/// What the components of each format say, which is all that the reader is told in it anywhere.
pub(super) fn formats<'a>(
    all: &[Described<'a>],
) -> impl Iterator<Item = (&'static dyn Format, &'a About)> {
    let mut formats = BTreeMap::<_, Answers<'a>>::new();
    for answers in all.iter().flat_map(|it| &it.answers) {
        let known = formats.entry(answers.voice.format.name());
        let known = known.or_insert(*answers);
        if known.about.level < answers.about.level {
            *known = *answers;
        }
    }
    formats.into_values().map(|it| (it.voice.format, it.about))
}

/// As a segment of a path.
fn encoded(tag: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte| match byte {
        byte if plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    tag.bytes().map(encode).collect()
}
