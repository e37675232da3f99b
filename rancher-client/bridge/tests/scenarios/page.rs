//! `docs/errors-by-answer.md` is written from what happens in the scenarios of `errors.json`.
