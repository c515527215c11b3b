//! A QR as a picture: a PNG of one bit per pixel, uncompressed.

use qrcode::{Color, QrCode};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Pixels along one side of a module.
const SCALE: usize = 4;
/// Modules of white around it.
const MARGIN: usize = 4;
/// The most bytes of one stored block.
const BLOCK: usize = 0xFFFF;

/// The picture of a text; empty when the text is too long for any QR.
pub fn png(text: &str) -> Vec<u8> {
    let Ok(code) = QrCode::new(text) else { return Vec::new() };
    let modules = code.width() + 2 * MARGIN;
    let width = u32::try_from(modules * SCALE).unwrap_or_default();
    let mut picture = SIGNATURE.to_vec();
    // One bit of grey, deflate, no filter to speak of, not interlaced.
    let header = [&width.to_be_bytes()[..], &width.to_be_bytes()[..], &[1, 0, 0, 0, 0]].concat();
    chunk(&mut picture, b"IHDR", &header);
    chunk(&mut picture, b"IDAT", &zlib(&pixels(&code, modules)));
    chunk(&mut picture, b"IEND", &[]);
    picture
}

/// Rows of pixels, each after a filter byte; a set bit is white.
fn pixels(code: &QrCode, modules: usize) -> Vec<u8> {
    let is_white = |x: usize, y: usize| {
        let inside = |place: usize| place.checked_sub(MARGIN).filter(|place| *place < code.width());
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => code[(x, y)] == Color::Light,
            _ => true,
        }
    };
    let width = modules * SCALE;
    let mut rows = Vec::new();
    for y in 0..width {
        rows.push(0);
        rows.extend((0..width.div_ceil(8)).map(|byte| {
            (0..8).fold(0_u8, |bits, bit| {
                let x = byte * 8 + bit;
                bits << 1 | u8::from(x < width && is_white(x / SCALE, y / SCALE))
            })
        }));
    }
    rows
}

/// Stored blocks within zlib's envelope.
fn zlib(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let count = data.chunks(BLOCK).len();
    for (place, block) in data.chunks(BLOCK).enumerate() {
        let length = u16::try_from(block.len()).unwrap_or_default();
        out.push(u8::from(place + 1 == count));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    out.extend(adler32(data).to_be_bytes());
    out
}

fn chunk(picture: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    let checked = [&name[..], data].concat();
    picture.extend(u32::try_from(data.len()).unwrap_or_default().to_be_bytes());
    picture.extend(&checked);
    picture.extend(crc32(&checked).to_be_bytes());
}

fn adler32(data: &[u8]) -> u32 {
    let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standards() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11E6_0398);
        assert_eq!(crc32(b"IEND"), 0xAE42_6082);
    }

    #[test]
    fn a_picture_has_its_frame() {
        let picture = png("https://shop.example/x1");
        assert!(picture.starts_with(SIGNATURE));
        assert!(picture.ends_with(b"IEND\xAE\x42\x60\x82"));
        // Version 2 has 25 modules, 33 with its margin, each 4 pixels wide.
        assert_eq!(picture[16..20], 132_u32.to_be_bytes());
    }
}
