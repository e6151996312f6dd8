//! `oddflow shaders`: each GPU kernel as the assembled WGSL that is compiled.

use super::Done;
use super::args::Shaders;
use super::talk::say;
use crate::{Error, Result};

pub fn run(args: &Shaders) -> Result<Done> {
    std::fs::create_dir_all(&args.output).map_err(|e| Error::io(&args.output, e))?;
    for (name, text) in crate::ops::shaders() {
        let path = args.output.join(format!("{name}.wgsl"));
        std::fs::write(&path, text).map_err(|e| Error::io(&path, e))?;
        say(&format!("{}", path.display()))?;
    }
    Ok(Done::Clean)
}
