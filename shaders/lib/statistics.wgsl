// Count, mean and sum of squared deviations of four channels.

struct Statistics { count: f32, mean: vec4f, deviations: vec4f }

// Of two sets together (Chan, Golub, LeVeque): no difference of large sums.
fn merge(a: Statistics, b: Statistics) -> Statistics {
  let count = a.count + b.count;
  let share = b.count / max(count, 1.0);
  let step = b.mean - a.mean;
  return Statistics(count, a.mean + step * share,
    a.deviations + b.deviations + step * step * (a.count * share));
}
