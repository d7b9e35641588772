// Names that valibot's own types mention and ES2020 does not have; empty, so that no code can make use of them.
interface Blob {}
interface File extends Blob {}
