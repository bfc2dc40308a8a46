//! All fuzz targets in one program: `TARGET=tls fuzz CORPUS -max_total_time=60`.
//!
//! With `SEED_FROM` (files with a name a line) it writes what the captures hold as inputs of all targets below the folder
//! `SEED_TO` instead, and with `LIST` the names of all targets to standard output, and ends.

#![no_main]

use std::sync::OnceLock;
use std::{env, process};

use colloquy_fuzz::{law, seed};
use libfuzzer_sys::fuzz_target;

static LAW: OnceLock<Box<dyn Fn(&[u8]) + Send + Sync>> = OnceLock::new();

fuzz_target!(
    init: {
        if let (Ok(from), Ok(to)) = (env::var("SEED_FROM"), env::var("SEED_TO")) {
            let done = seed::write(from.lines(), to.as_ref());
            process::exit(i32::from(done.is_err()));
        }
        if env::var_os("LIST").is_some() {
            println!("{}", colloquy_fuzz::targets().join("\n"));
            process::exit(0);
        }
        let name = env::var("TARGET").unwrap_or_default();
        match law(&name) {
            Some(law) => drop(LAW.set(law)),
            None => panic!("TARGET={name} is none of {:?}", colloquy_fuzz::targets()),
        }
    },
    |input: &[u8]| {
        if let Some(law) = LAW.get() {
            law(input);
        }
    }
);
