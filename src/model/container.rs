//! The container of a model file: named binary sections under one checksum.
//!
//! All integers are little-endian.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `oddflow` and 0x1A |
//! | 4 | format version, [`FORMAT`] |
//! | 4 | number of sections, s |
//! | 8 | length of the whole file |
//! | 16 s | for each section: its name (8 bytes of ASCII, padded with zeros) and its length (8 bytes) |
//! | … | the sections, one after the other |
//! | 32 | BLAKE3 of everything before |
//!
//! Magic, version, length and checksum are verified in this order before anything else is looked at; then every section
//! must lie within the file, and together they must fill it.

use std::collections::VecDeque;

/// First bytes of a model file.
pub const MAGIC: [u8; 8] = *b"oddflow\x1a";
/// The format that is written, and the only one that is read.
pub const FORMAT: u32 = 1;
/// Largest model file, 4 GiB.
pub const MAX_FILE: u64 = 4 << 30;
/// Bytes before the section directory.
pub(super) const PREAMBLE: usize = 24;
const ENTRY: usize = 16;
const CHECKSUM: usize = 32;
const MAX_SECTIONS: usize = 64;

/// Names and contents of the sections that were not taken yet, in order.
#[derive(Debug)]
pub(super) struct Sections<'a>(VecDeque<([u8; 8], &'a [u8])>);

/// Packs `sections` into a file's bytes.
pub(super) fn pack(sections: &[(&str, Vec<u8>)]) -> Result<Vec<u8>, String> {
    let content: usize = sections.iter().map(|(_, bytes)| bytes.len()).sum();
    let length = PREAMBLE + ENTRY * sections.len() + content + CHECKSUM;
    if length as u64 > MAX_FILE {
        return Err(format!(
            "it would have {length} bytes; a model file has at most {MAX_FILE} (fewer or smaller trees, fewer reference rows)"
        ));
    }
    let mut file = Vec::with_capacity(length);
    file.extend(MAGIC);
    file.extend(FORMAT.to_le_bytes());
    file.extend((sections.len() as u32).to_le_bytes());
    file.extend((length as u64).to_le_bytes());
    for (name, bytes) in sections {
        file.extend(padded(name));
        file.extend((bytes.len() as u64).to_le_bytes());
    }
    for (_, bytes) in sections {
        file.extend(bytes);
    }
    let checksum = blake3::hash(&file);
    file.extend(checksum.as_bytes());
    Ok(file)
}

/// Checks the first bytes of a file; gives the length that the whole file must have.
pub(super) fn check_preamble(bytes: &[u8]) -> Result<u64, String> {
    let mut rest = bytes;
    let magic: [u8; 8] = take(&mut rest).ok_or_else(|| foreign(bytes))?;
    if magic != MAGIC {
        return Err(foreign(bytes));
    }
    let cut = || "it is cut off within its first bytes: copy it again".to_string();
    let format = u32::from_le_bytes(take(&mut rest).ok_or_else(cut)?);
    if format != FORMAT {
        let version = env!("CARGO_PKG_VERSION");
        return Err(format!(
            "it has model format {format}, and oddflow {version} reads format {FORMAT}: use a newer oddflow, or fit again with this one"
        ));
    }
    let _sections: [u8; 4] = take(&mut rest).ok_or_else(cut)?;
    let length = u64::from_le_bytes(take(&mut rest).ok_or_else(cut)?);
    if length > MAX_FILE {
        return Err(format!("it claims {length} bytes, and a model file has at most {MAX_FILE}: it was altered"));
    }
    Ok(length)
}

/// Verifies a file and finds its sections.
pub(super) fn unpack(bytes: &[u8]) -> Result<Sections<'_>, String> {
    let length = check_preamble(bytes)?;
    let met = bytes.len() as u64;
    if met < length {
        return Err(format!("it is cut off: {met} of its {length} bytes are there; copy it again"));
    }
    if met > length {
        return Err(format!(
            "something was appended to it: it has {met} bytes and should have {length}; copy it again"
        ));
    }
    let altered = "it was altered: its checksum does not match its content; copy it again, or fit again";
    let (content, checksum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(altered)?;
    if blake3::hash(content) != *checksum {
        return Err(altered.into());
    }
    directory(content).ok_or_else(|| "its sections do not fill it: it was not written by oddflow; fit again".into())
}

fn directory(content: &[u8]) -> Option<Sections<'_>> {
    let mut rest = content.get(12..)?;
    let n_sections = u32::from_le_bytes(take(&mut rest)?) as usize;
    let _length: [u8; 8] = take(&mut rest)?;
    if n_sections > MAX_SECTIONS {
        return None;
    }
    let (mut entries, mut rest) = rest.split_at_checked(ENTRY * n_sections)?;
    let mut sections = VecDeque::with_capacity(n_sections);
    while let Some(name) = take::<8>(&mut entries) {
        let length = usize::try_from(u64::from_le_bytes(take(&mut entries)?)).ok()?;
        let (section, after) = rest.split_at_checked(length)?;
        sections.push_back((name, section));
        rest = after;
    }
    rest.is_empty().then_some(Sections(sections))
}

impl<'a> Sections<'a> {
    /// Takes the next sections, which must have these names.
    pub(super) fn take<const N: usize>(&mut self, names: [&str; N]) -> Result<[&'a [u8]; N], String> {
        let mut contents = [&[][..]; N];
        for (content, name) in contents.iter_mut().zip(names) {
            match self.0.pop_front() {
                Some((met, bytes)) if met == padded(name) => *content = bytes,
                _ => return Err(format!("it has no section `{name}` where one is due: fit again")),
            }
        }
        Ok(contents)
    }

    /// All sections must have been taken.
    pub(super) fn end(&self) -> Result<(), String> {
        match self.0.front() {
            None => Ok(()),
            Some((name, _)) => Err(format!("it has a section `{}` that nothing reads: fit again", name.escape_ascii())),
        }
    }
}

fn padded(name: &str) -> [u8; 8] {
    let mut padded = [0; 8];
    padded.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
    padded
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

fn foreign(bytes: &[u8]) -> String {
    let start = bytes.get(..bytes.len().min(16)).unwrap_or_default().escape_ascii();
    let met = if bytes.is_empty() { "it is empty".into() } else { format!("it begins with \"{start}\"") };
    format!("it is no oddflow model ({met}): `oddflow fit INPUT -o MODEL` writes one")
}
