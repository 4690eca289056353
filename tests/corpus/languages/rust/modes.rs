use std::io::Read;

fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    let words: Vec<&str> = text.split_whitespace().collect();
    let (mode, a, b) = (words[0], words[1].parse::<i64>().unwrap(), words[2].parse::<i64>().unwrap());
    let mut spin = 1i64;
    while mode == "endless" {
        spin = unsafe { std::ptr::read_volatile(&spin) } ^ a;
    }
    let mut kept = Vec::new();
    while mode == "hog" {
        kept.push(vec![1u8; 1 << 20]);
    }
    if mode == "crash" {
        panic!("crash");
    }
    println!("{}", if mode == "wrong" { a - b } else { a + b });
}
