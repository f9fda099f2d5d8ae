use super::*;
use proptest::prelude::*;

/// Chunks as (stream, list, values).
fn build(chunks: &[(u32, u32, Vec<u8>)]) -> (Vec<u8>, Place) {
    let mut builder = Builder::default();
    for (ordinal, times, values) in chunks {
        builder.add(*ordinal, *times, None, |out| out.extend_from_slice(values));
    }
    let mut out = vec![7; 10];
    let place = builder.finish(&mut out);
    assert!(builder.is_empty());
    (out, place)
}

fn directory(bytes: &[u8], place: Place) -> Result<Directory, Damage> {
    let start = place.offset as usize;
    Directory::parse(&bytes[start..start + place.directory as usize], place)
}

proptest! {
    #[test]
    fn every_chunk_is_found_with_its_bytes(
        chunks in proptest::collection::vec((0u32..4, 0u32..5, proptest::collection::vec(any::<u8>(), 0..900)), 1..40)
    ) {
        let mut ordinal = 3;
        let chunks: Vec<_> = chunks.into_iter().map(|(step, times, values)| {
            ordinal += step;
            (ordinal, times, values)
        }).collect();
        let (bytes, place) = build(&chunks);
        prop_assert_eq!(place.bytes as usize, bytes.len() - 10);
        prop_assert_eq!(place.first, chunks[0].0);
        let directory = directory(&bytes, place).expect("parse");
        prop_assert_eq!(directory.len(), chunks.len());
        for (at, (ordinal, times, values)) in chunks.iter().enumerate() {
            let chunk = directory.chunk(at);
            prop_assert_eq!((chunk.ordinal, chunk.times), (*ordinal, *times));
            let span = &bytes[chunk.span.offset as usize..][..chunk.span.bytes as usize];
            chunk.span.check(span).expect("whole");
            prop_assert_eq!(&span[chunk.start as usize..][..chunk.bytes as usize], values.as_slice());
            prop_assert!(directory.of(*ordinal).contains(&at));
        }
        prop_assert!(directory.of(2).is_empty());
    }

    #[test]
    fn whatever_the_bytes_reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let mut whole = bytes.clone();
        whole.extend_from_slice(&crc32c(&bytes).to_le_bytes());
        let place = Place { first: 0, offset: 0, directory: whole.len() as u32, bytes: 500 };
        let _ = Directory::parse(&whole, place);
    }
}

#[test]
fn any_flipped_byte_is_found() {
    let chunks: Vec<_> = (0..30u32).map(|n| (n, n / 3, vec![n as u8; 200])).collect();
    let (whole, place) = build(&chunks);
    for at in place.offset as usize..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        let Ok(directory) = directory(&bytes, place) else { continue };
        let damaged = (0..directory.len()).filter(|at| {
            let span = directory.chunk(*at).span;
            span.check(&bytes[span.offset as usize..][..span.bytes as usize]).is_err()
        });
        let damaged = damaged.count();
        assert!((1..=11).contains(&damaged), "a flip at {at} costs {damaged} chunks");
    }
}

#[test]
fn a_group_is_full_by_bytes_or_by_chunks() {
    let mut builder = Builder::default();
    while !builder.is_full() {
        builder.add(0, 0, None, |out| out.extend_from_slice(&[1; 600]));
    }
    assert_eq!(builder.bytes() / 600, GROUP_BYTES.div_ceil(600));
    let mut builder = Builder::default();
    let mut count = 0;
    while !builder.is_full() {
        builder.add(0, 0, None, |out| out.push(1));
        count += 1;
    }
    assert_eq!(count, CHUNKS_MAX);
}
