//! Particulars of a flow, a bit each.

/// A set of particulars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Marks(u16);

impl Marks {
    /// Was still going on when it was logged (Zeek's `open_conn` and `conn_long`).
    pub const STILL_OPEN: Self = Self(1);
    /// Nothing, or too little to count bytes, was seen of it.
    pub const NO_PAYLOAD: Self = Self(2);
    /// The sensor missed a part of it, or its byte counts contradict its packets.
    pub const CAPTURE_GAP: Self = Self(4);
    /// Only one side was seen although the other must have spoken.
    pub const ONE_SIDED: Self = Self(8);
    /// Packets with wrong checksums.
    pub const BAD_CHECKSUM: Self = Self(16);
    /// It broke the protocol it was taken for (Zeek's `-ssl`).
    pub const VIOLATION: Self = Self(32);
    /// The source is one of ours, as the log says.
    pub const LOCAL_SOURCE: Self = Self(64);
    /// The destination is one of ours, as the log says.
    pub const LOCAL_DESTINATION: Self = Self(128);
    /// The log says of both sides whether they are ours.
    pub const LOCALITY_KNOWN: Self = Self(256);
    /// Which side began is not known.
    pub const UNDIRECTED: Self = Self(512);
    /// Its log has a time for it that no flow can have (before 1990, from 2100 on); it stands in no order.
    pub const IMPLAUSIBLE_TIME: Self = Self(1024);
    /// A handshake of TCP that the source began, the destination answered and the source never completed.
    pub const HALF_OPEN: Self = Self(2048);
    /// Its log tells the bytes of both ways together: they stand among those out.
    pub const BOTH_WAYS: Self = Self(4096);

    /// None.
    pub const fn none() -> Self {
        Self(0)
    }

    /// Those of both.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are among these.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}
