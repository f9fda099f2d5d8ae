//! What an answer says, cut down to what two servers must agree on: how many values, and
//! their sum.

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// How far sums may differ, relative to their size. Sums of partial sums differ in the last
/// bits, and VictoriaMetrics keeps about 15 digits of a value.
const TOLERANCE: f64 = 1e-9;

/// Values of one answer, or of several together.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Answer {
    /// Numbers, or texts where names were asked for.
    pub values: u64,
    /// The sum of the numbers.
    pub sum: f64,
}

impl Answer {
    /// Reads the JSON of InfluxDB's or Prometheus's API.
    ///
    /// # Errors
    /// When it is neither, or tells of an error.
    pub fn read(body: &[u8]) -> Result<Self> {
        let value: Value = serde_json::from_slice(body).context("read an answer")?;
        let mut answer = Self::default();
        match (&value["results"], &value["data"]) {
            (Value::Array(results), _) => {
                for result in results {
                    if let Some(error) = result["error"].as_str() {
                        bail!("the server answered: {error}");
                    }
                    answer.add_influx(result)?;
                }
            }
            (_, Value::Array(names)) => answer.values = names.len() as u64,
            (_, Value::Object(data)) => {
                for series in data["result"].as_array().context("read the result")? {
                    answer.add_prom(series)?;
                }
            }
            _ => bail!(
                "no known answer: {}",
                value.to_string().chars().take(300).collect::<String>()
            ),
        }
        Ok(answer)
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { values: self.values + other.values, sum: self.sum + other.sum }
    }

    /// Whether another server said the same.
    pub fn agrees(&self, other: &Self) -> bool {
        let size = self.sum.abs().max(other.sum.abs());
        self.values == other.values && (self.sum - other.sum).abs() <= TOLERANCE * size
    }

    fn add_influx(&mut self, result: &Value) -> Result<()> {
        for series in result["series"].as_array().into_iter().flatten() {
            let columns = series["columns"].as_array().context("read columns")?;
            let counts = |column: &Value| column != "time" && column != "key";
            let counted: Vec<usize> =
                (0..columns.len()).filter(|index| counts(&columns[*index])).collect();
            for row in series["values"].as_array().into_iter().flatten() {
                for index in &counted {
                    let value = &row[*index];
                    self.values += u64::from(!value.is_null());
                    self.sum += value.as_f64().unwrap_or(0.0);
                }
            }
        }
        Ok(())
    }

    fn add_prom(&mut self, series: &Value) -> Result<()> {
        let one = std::slice::from_ref(&series["value"]);
        let points = match &series["values"] {
            Value::Array(points) => points,
            _ => one,
        };
        for point in points {
            let text = point[1].as_str().context("read a value")?;
            self.sum += text.parse::<f64>().context("read a value")?;
            self.values += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
