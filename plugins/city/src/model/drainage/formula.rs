//! Formulas of a SWMM file: ground water flows (`[GWF]`) and named expressions of control rules.

use serde::{Deserialize, Serialize};

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Function {
    /// Cosine; angles are radians.
    Cos,
    /// Sine.
    Sin,
    /// Tangent.
    Tan,
    /// Cotangent.
    Cot,
    /// Without its sign.
    Abs,
    /// −1, 0 or 1.
    Sgn,
    /// Square root.
    Sqrt,
    /// Natural logarithm.
    Log,
    /// Exponential.
    Exp,
    /// Arcus sine.
    Asin,
    /// Arcus cosine.
    Acos,
    /// Arcus tangent.
    Atan,
    /// Arcus cotangent.
    Acot,
    /// Hyperbolic sine.
    Sinh,
    /// Hyperbolic cosine.
    Cosh,
    /// Hyperbolic tangent.
    Tanh,
    /// Hyperbolic cotangent.
    Coth,
    /// Common logarithm.
    Log10,
    /// 1 over 0, otherwise 0.
    Step,
}

impl Function {
    fn of(self, x: f64) -> f64 {
        match self {
            Self::Cos => x.cos(),
            Self::Sin => x.sin(),
            Self::Tan => x.tan(),
            Self::Cot if x == 0.0 => 0.0,
            Self::Cot => 1.0 / x.tan(),
            Self::Abs => x.abs(),
            Self::Sgn if x == 0.0 => 0.0,
            Self::Sgn => x.signum(),
            Self::Sqrt => x.max(0.0).sqrt(),
            Self::Log if x <= 0.0 => 0.0,
            Self::Log => x.ln(),
            Self::Exp => x.exp(),
            Self::Asin => x.asin(),
            Self::Acos => x.acos(),
            Self::Atan => x.atan(),
            Self::Acot => std::f64::consts::FRAC_PI_2 - x.atan(),
            Self::Sinh => x.sinh(),
            Self::Cosh => x.cosh(),
            Self::Tanh => x.tanh(),
            Self::Coth => (x.exp() + (-x).exp()) / (x.exp() - (-x).exp()),
            Self::Log10 if x <= 0.0 => 0.0,
            Self::Log10 => x.log10(),
            Self::Step => f64::from(u8::from(x > 0.0)),
        }
    }
}

/// A step of a formula: numbers and variables are put on a stack, the others take from it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Term {
    /// A number.
    Number(f64),
    /// A variable, by its index.
    Variable(usize),
    /// Sum of two.
    Add,
    /// Difference.
    Subtract,
    /// Product.
    Multiply,
    /// Quotient.
    Divide,
    /// Power.
    Power,
    /// Sign changed.
    Negate,
    /// A function.
    Call(Function),
}

/// A formula, in the order in which it is computed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Formula(pub Vec<Term>);

impl Formula {
    /// Its value; what is no number (a division by 0 …) counts as 0.
    #[must_use]
    pub fn value(&self, variable: &dyn Fn(usize) -> f64) -> f64 {
        let mut stack: Vec<f64> = Vec::with_capacity(8);
        for term in &self.0 {
            let value = match term {
                Term::Number(v) => *v,
                Term::Variable(k) => variable(*k),
                Term::Negate => -stack.pop().unwrap_or(0.0),
                Term::Call(f) => f.of(stack.pop().unwrap_or(0.0)),
                two => {
                    let (b, a) = (stack.pop().unwrap_or(0.0), stack.pop().unwrap_or(0.0));
                    match two {
                        Term::Add => a + b,
                        Term::Subtract => a - b,
                        Term::Multiply => a * b,
                        Term::Divide => a / b,
                        _ if a <= 0.0 => 0.0,
                        _ => a.powf(b),
                    }
                }
            };
            stack.push(value);
        }
        stack.pop().filter(|v| v.is_finite()).unwrap_or(0.0)
    }
}
