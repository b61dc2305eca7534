// Random numbers as a function of a counter and a key (Philox 4×32-10; Salmon et al., "Parallel random
// numbers: as easy as 1, 2, 3", 2011): the same everywhere, in any order, with no state.

fn philox(counter: vec4u, key: vec2u) -> vec4u {
  var c = counter;
  var k = key;
  // @unroll
  for (var round = 0u; round < 10u; round++) {
    let a = multiply_wide(0xd2511f53u, c.x);
    let b = multiply_wide(0xcd9e8d57u, c.z);
    c = vec4u(b.y ^ c.y ^ k.x, b.x, a.y ^ c.w ^ k.y, a.x);
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}

// Low and high half of the 64-bit product.
fn multiply_wide(a: u32, b: u32) -> vec2u {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return vec2u(a * b, (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u));
}

// Evenly distributed in (0, 1), never 0 or 1.
fn uniform_from(bits: vec4u) -> vec4f {
  return (vec4f(bits >> vec4u(9u)) + 0.5) * exp2(-23.0);
}

// Normally distributed, mean 0 and standard deviation 1 (Box and Muller).
fn normal_from(bits: vec4u) -> vec4f {
  let u = uniform_from(bits);
  let radius = sqrt(-2.0 * log(u.xy));
  let angle = 6.283185307179586 * u.zw;
  return vec4f(radius * cos(angle), radius * sin(angle));
}
