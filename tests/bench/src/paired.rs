//! Ratios of two things that are measured in turn, so that what the machine does meanwhile happens
//! to both.

use crate::Result;
use crate::table::Quartiles;

/// The ratios of all pairs of rounds.
pub(crate) struct Ratios(Vec<f64>);

impl Ratios {
    pub(crate) fn quartiles(&self) -> Quartiles {
        quartiles(&self.0)
    }
}

/// Measures `a` and `b` in turn and gives `b / a` for each pair.
pub(crate) fn paired(
    rounds: usize,
    a: impl FnMut() -> Result<f64>,
    b: impl FnMut() -> Result<f64>,
) -> Result<Ratios> {
    let pairs = pairs(rounds, a, b)?;
    Ok(Ratios(pairs.iter().map(|(a, b)| b / a).collect()))
}

/// Measures `a` and `b` in turn. Which of a pair comes first changes from pair to pair.
pub(crate) fn pairs<T>(
    rounds: usize,
    mut a: impl FnMut() -> Result<T>,
    mut b: impl FnMut() -> Result<T>,
) -> Result<Vec<(T, T)>> {
    // The first round warms up what there is to warm up.
    a()?;
    b()?;
    let mut pairs = Vec::with_capacity(rounds);
    for round in 0..rounds {
        pairs.push(if round % 2 == 0 {
            let of_a = a()?;
            (of_a, b()?)
        } else {
            let of_b = b()?;
            (a()?, of_b)
        });
    }
    Ok(pairs)
}

/// Of some values; there is at least one.
pub(crate) fn quartiles(values: &[f64]) -> Quartiles {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * (sorted.len() - 1) as f64;
        let (below, above) = (place.floor() as usize, place.ceil() as usize);
        sorted[below] + (sorted[above] - sorted[below]) * place.fract()
    };
    Quartiles {
        lower: at(0.25),
        median: at(0.5),
        upper: at(0.75),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_values() {
        let q = quartiles(&[4.0, 1.0, 2.0, 3.0]);
        assert_eq!((q.lower, q.median, q.upper), (1.75, 2.5, 3.25));
        let one = quartiles(&[7.0]);
        assert_eq!((one.lower, one.median, one.upper), (7.0, 7.0, 7.0));
    }

    #[test]
    fn each_pair_is_compared_with_itself() -> Result {
        let mut speed = 1.0;
        let mut slower = || {
            speed *= 1.5;
            Ok(speed)
        };
        let ratios = paired(4, || Ok(2.0), &mut slower)?;
        assert_eq!(ratios.0.len(), 4);
        assert_eq!(ratios.0[0], 1.5 * 1.5 / 2.0);
        Ok(())
    }
}
