//! Ends of lines, on the way from a package of Windows into a draft or a validator.

/// Turns CR LF into LF, chunk by chunk.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The last chunk ended with a CR that may belong to a line's end.
    pending: bool,
    turned: Vec<u8>,
}

impl Lines {
    /// The next chunk as it is written; an empty chunk is the end.
    pub(crate) fn turn<'a>(&'a mut self, chunk: &'a [u8]) -> &'a [u8] {
        if !self.pending && !chunk.contains(&b'\r') {
            return chunk;
        }
        self.turned.clear();
        if chunk.is_empty() && self.pending {
            self.turned.push(b'\r');
            self.pending = false;
        }
        for &byte in chunk {
            if self.pending && byte != b'\n' {
                self.turned.push(b'\r');
            }
            self.pending = byte == b'\r';
            if !self.pending {
                self.turned.push(byte);
            }
        }
        &self.turned
    }
}

/// A whole text with its lines' ends turned; `None` when none has to be.
pub(crate) fn turned(text: &[u8]) -> Option<Vec<u8>> {
    if !text.windows(2).any(|pair| pair == b"\r\n") {
        return None;
    }
    let mut lines = Lines::default();
    let mut turned = lines.turn(text).to_vec();
    turned.extend_from_slice(lines.turn(b""));
    Some(turned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn turned(chunks: &[&[u8]]) -> Vec<u8> {
        let mut lines = Lines::default();
        let mut all: Vec<u8> = Vec::new();
        for chunk in chunks {
            all.extend(lines.turn(chunk));
        }
        all.extend(lines.turn(b""));
        all
    }

    #[test]
    fn windows_line_ends_become_unix_ones_and_nothing_else_changes() {
        for (chunks, expected) in [
            (vec![b"0\r\n1 4 2\r\n".as_slice()], b"0\n1 4 2\n".as_slice()),
            (vec![b"a\r", b"\nb"], b"a\nb"),
            (vec![b"a\r", b"b"], b"a\rb"),
            (vec![b"a\r\r\n"], b"a\r\n"),
            (vec![b"a\r"], b"a\r"),
            (vec![b"\n\r"], b"\n\r"),
        ] {
            assert_eq!(turned(&chunks), expected, "{chunks:?}");
        }
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(text in "[\r\na]{0,20}", cut in 0_usize..20) {
            let bytes = text.as_bytes();
            let (left, right) = bytes.split_at(cut.min(bytes.len()));
            let expected = text.replace("\r\n", "\n");
            prop_assert_eq!(turned(&[bytes]), expected.as_bytes());
            if !left.is_empty() && !right.is_empty() {
                prop_assert_eq!(turned(&[left, right]), expected.as_bytes());
            }
        }
    }
}
