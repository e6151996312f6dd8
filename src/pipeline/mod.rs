//! Streaming: read, encode, score and write overlap in bounded memory.
