//! From SQL to tests of rows.

use super::{Comparison, Operand, Test};
use crate::{Error, Result};
use ipnet::IpNet;
use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, InTarget, UnaryOperator, Value,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

/// The one function that there is.
const IN_NETWORK: &str = "in_network";
/// Longer texts are refused: the parser's trees are as deep as a chain of ORs is long.
const MOST_BYTES: usize = 32 << 10;

/// Reads a condition.
pub(super) fn test(text: &str) -> Result<Test> {
    let bare = text.trim();
    let bare = match bare.split_at_checked(5) {
        Some((word, rest)) if word.eq_ignore_ascii_case("where") && rest.starts_with([' ', '\t', '\n', '\r', '(']) => {
            rest
        }
        _ => bare,
    };
    let wrong = |error: &dyn std::fmt::Display| {
        let limit = format!("it must be a condition such as \"proto = 'tcp' AND id.resp_p IN (22, 3389)\": {error}");
        Error::parameter("--where", text, limit)
    };
    if bare.len() > MOST_BYTES {
        return Err(Error::parameter("--where", format!("{} bytes", bare.len()), format!("it may have {MOST_BYTES}")));
    }
    let mut parser = Parser::new(&GenericDialect {}).try_with_sql(bare).map_err(|error| wrong(&error))?;
    let expression = parser.parse_expr().map_err(|error| wrong(&error))?;
    let rest = parser.next_token();
    if rest.token != Token::EOF {
        return Err(wrong(&format!("what begins with `{rest}` is too much")));
    }
    of(&expression).map_err(|reason| wrong(&reason))
}

fn of(expression: &Expr) -> Result<Test, String> {
    Ok(match expression {
        Expr::Nested(inner) => of(inner)?,
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => not(of(expr)?),
        Expr::BinaryOp { op: BinaryOperator::And, .. } => Test::All(chain(expression, &BinaryOperator::And)?),
        Expr::BinaryOp { op: BinaryOperator::Or, .. } => Test::Any(chain(expression, &BinaryOperator::Or)?),
        Expr::BinaryOp { left, op, right } => compare(left, comparison(op)?, right)?,
        Expr::Between { expr, negated, low, high } => {
            let (low, high) = (compare(expr, Comparison::AtLeast, low)?, compare(expr, Comparison::AtMost, high)?);
            negated_if(*negated, Test::All(vec![low, high]))
        }
        Expr::In { expr, target: InTarget::List(list), negated, global: false } => {
            let one = |value| compare(expr, Comparison::Equal, value);
            negated_if(*negated, Test::Any(list.iter().map(one).collect::<Result<_, _>>()?))
        }
        Expr::Like { negated, any: false, expr, pattern, escape_char: None } => {
            negated_if(*negated, Test::Like { column: column(expr)?, pattern: text(pattern)?, any_case: false })
        }
        Expr::ILike { negated, any: false, expr, pattern, escape_char: None } => {
            negated_if(*negated, Test::Like { column: column(expr)?, pattern: text(pattern)?, any_case: true })
        }
        Expr::IsNull(expr) => Test::IsNull(column(expr)?),
        Expr::IsNotNull(expr) => not(Test::IsNull(column(expr)?)),
        Expr::IsTrue(expr) => of(expr)?,
        Expr::Function(function) => network(function)?,
        Expr::Value(value) => match &value.value {
            Value::Boolean(value) => Test::Constant(*value),
            other => return Err(format!("`{other}` alone is no condition")),
        },
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
            Test::Compare(column(expression)?, Comparison::Equal, Operand::Boolean(true))
        }
        other => return Err(format!("`{other}` is not known here")),
    })
}

fn not(test: Test) -> Test {
    Test::Not(Box::new(test))
}

/// What is joined by the same word, however long the chain.
fn chain(mut expression: &Expr, word: &BinaryOperator) -> Result<Vec<Test>, String> {
    let mut tests = Vec::new();
    while let Expr::BinaryOp { left, op, right } = expression
        && op == word
    {
        tests.push(of(right)?);
        expression = left;
    }
    tests.push(of(expression)?);
    tests.reverse();
    Ok(tests)
}

fn negated_if(negated: bool, test: Test) -> Test {
    if negated { not(test) } else { test }
}

fn comparison(op: &BinaryOperator) -> Result<Comparison, String> {
    Ok(match op {
        BinaryOperator::Eq => Comparison::Equal,
        BinaryOperator::NotEq => Comparison::Unequal,
        BinaryOperator::Lt => Comparison::Less,
        BinaryOperator::LtEq => Comparison::AtMost,
        BinaryOperator::Gt => Comparison::Greater,
        BinaryOperator::GtEq => Comparison::AtLeast,
        other => return Err(format!("`{other}` is not known here")),
    })
}

/// A column against a value or another column, in either order.
fn compare(left: &Expr, comparison: Comparison, right: &Expr) -> Result<Test, String> {
    match (operand(left)?, operand(right)?) {
        (Operand::Column(name), other) => Ok(Test::Compare(name, comparison, other)),
        (other, Operand::Column(name)) => Ok(Test::Compare(name, comparison.turned(), other)),
        _ => Err(format!("`{left}` and `{right}` name no column")),
    }
}

impl Comparison {
    /// With its sides changed.
    fn turned(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::AtMost => Self::AtLeast,
            Self::Greater => Self::Less,
            Self::AtLeast => Self::AtMost,
            same => same,
        }
    }
}

fn operand(expression: &Expr) -> Result<Operand, String> {
    Ok(match expression {
        Expr::Nested(inner) => operand(inner)?,
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => Operand::Column(column(expression)?),
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) => Operand::Number(text.clone()),
            Value::SingleQuotedString(text) => Operand::Text(text.clone()),
            Value::Boolean(value) => Operand::Boolean(*value),
            Value::Null => return Err("nothing equals NULL; write IS NULL".to_owned()),
            other => return Err(format!("`{other}` is not known here")),
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match operand(expr)? {
            Operand::Number(text) => Operand::Number(format!("-{text}")),
            _ => return Err(format!("`{expression}` is no number")),
        },
        other => return Err(format!("`{other}` is neither a column nor a value")),
    })
}

fn column(expression: &Expr) -> Result<String, String> {
    match expression {
        Expr::Nested(inner) => column(inner),
        Expr::Identifier(name) => Ok(name.value.clone()),
        Expr::CompoundIdentifier(parts) => {
            Ok(parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join("."))
        }
        other => Err(format!("`{other}` is no column")),
    }
}

fn text(expression: &Expr) -> Result<String, String> {
    match operand(expression)? {
        Operand::Text(text) => Ok(text),
        _ => Err(format!("`{expression}` is no text in single quotes")),
    }
}

fn network(function: &sqlparser::ast::Function) -> Result<Test, String> {
    let wrong = || format!("`{function}` is not known here; there is {IN_NETWORK}(COLUMN, '10.0.0.0/8')");
    let FunctionArguments::List(list) = &function.args else { return Err(wrong()) };
    let argument = |argument: &FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => Some(expression.clone()),
        _ => None,
    };
    let arguments: Vec<Option<Expr>> = list.args.iter().map(argument).collect();
    match arguments.as_slice() {
        [Some(of), Some(net)] if function.name.to_string().eq_ignore_ascii_case(IN_NETWORK) => {
            let text = text(net)?;
            let net: IpNet = text.parse().map_err(|_| format!("'{text}' is no network such as 10.0.0.0/8"))?;
            Ok(Test::InNetwork(column(of)?, net))
        }
        _ => Err(wrong()),
    }
}
