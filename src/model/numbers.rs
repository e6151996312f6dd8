//! Arrays of numbers as little-endian bytes.

/// u32s as bytes.
pub(super) fn from_u32s(values: impl IntoIterator<Item = u32>) -> Vec<u8> {
    values.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// f32s as bytes.
pub(super) fn from_f32s<'a>(values: impl IntoIterator<Item = &'a f32>) -> Vec<u8> {
    values.into_iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// f64s as bytes.
pub(super) fn from_f64s<'a>(values: impl IntoIterator<Item = &'a f64>) -> Vec<u8> {
    values.into_iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Bytes as u32s; `None` if a part of one is left over.
pub(super) fn to_u32s(bytes: &[u8]) -> Option<impl ExactSizeIterator<Item = u32>> {
    let (words, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| words.iter().map(|word| u32::from_le_bytes(*word)))
}

/// Bytes as f32s; `None` if a part of one is left over.
pub(super) fn to_f32s(bytes: &[u8]) -> Option<impl ExactSizeIterator<Item = f32>> {
    let (words, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| words.iter().map(|word| f32::from_le_bytes(*word)))
}

/// Bytes as f64s; `None` if a part of one is left over.
pub(super) fn to_f64s(bytes: &[u8]) -> Option<impl ExactSizeIterator<Item = f64>> {
    let (words, rest) = bytes.as_chunks::<8>();
    rest.is_empty().then(|| words.iter().map(|word| f64::from_le_bytes(*word)))
}
