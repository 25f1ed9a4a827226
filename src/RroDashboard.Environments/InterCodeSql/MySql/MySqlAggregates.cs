using System.Text;

namespace RroDashboard.Environments.InterCodeSql.MySql;

/// <summary>State of one aggregate that SQLite does not have, or does otherwise.</summary>
internal abstract class MySqlAggregate
{
    // group_concat_max_len of a server as it comes.
    private const int ConcatLength = 1024;

    public abstract void Step(object?[] values);

    public abstract object? Result();

    public static IEnumerable<(string Name, Func<MySqlAggregate> Make)> All()
    {
        yield return ("my_one", () => new One());
        yield return ("my_sum", () => new Sum(average: false));
        yield return ("my_avg", () => new Sum(average: true));
        yield return ("my_group_concat", () => new Concat());
        foreach (var name in new[] { "std", "stddev", "stddev_pop" })
        {
            yield return ("my_" + name, () => new Spread(sample: false, root: true));
        }

        yield return ("my_stddev_samp", () => new Spread(sample: true, root: true));
        yield return ("my_var_samp", () => new Spread(sample: true, root: false));
        yield return ("my_variance", () => new Spread(sample: false, root: false));
        yield return ("my_var_pop", () => new Spread(sample: false, root: false));
        yield return ("my_bit_and", () => new Bits(-1, (a, b) => a & b));
        yield return ("my_bit_or", () => new Bits(0, (a, b) => a | b));
        yield return ("my_bit_xor", () => new Bits(0, (a, b) => a ^ b));
    }

    // A subquery in the place of a value.
    private sealed class One : MySqlAggregate
    {
        private object? _value;
        private bool _seen;

        public override void Step(object?[] values)
        {
            if (_seen)
            {
                throw new MySqlException("Subquery returns more than 1 row");
            }

            _seen = true;
            _value = values[0];
        }

        public override object? Result() => _value;
    }

    private sealed class Sum(bool average) : MySqlAggregate
    {
        private double _sum;
        private long _count;

        public override void Step(object?[] values)
        {
            if (values[0] is not null)
            {
                _sum += MySqlFunctions.Number(values[0]);
                _count++;
            }
        }

        public override object? Result() => _count == 0 ? null : average ? _sum / _count : _sum;
    }

    private sealed class Spread(bool sample, bool root) : MySqlAggregate
    {
        private double _mean, _squares;
        private long _count;

        // Welford's recurrence, which MySQL uses too.
        public override void Step(object?[] values)
        {
            if (values[0] is null)
            {
                return;
            }

            var value = MySqlFunctions.Number(values[0]);
            _count++;
            var before = _mean;
            _mean += (value - before) / _count;
            _squares += (value - before) * (value - _mean);
        }

        public override object? Result()
        {
            var divisor = sample ? _count - 1 : _count;
            if (divisor <= 0)
            {
                return null;
            }

            return root ? Math.Sqrt(_squares / divisor) : _squares / divisor;
        }
    }

    private sealed class Bits(long start, Func<long, long, long> f) : MySqlAggregate
    {
        private long _bits = start;

        public override void Step(object?[] values)
        {
            if (values[0] is not null)
            {
                _bits = f(_bits, (long)Math.Clamp(Math.Round(MySqlFunctions.Number(values[0])), long.MinValue, long.MaxValue));
            }
        }

        public override object? Result() => _bits;
    }

    private sealed class Concat : MySqlAggregate
    {
        private readonly HashSet<string> _seen = [];
        private StringBuilder? _text;

        public override void Step(object?[] values)
        {
            if (values[0] is null || (values[2] is 1L && !_seen.Add(GeneralCi.Key(MySqlFunctions.Text(values[0])))))
            {
                return;
            }

            if (_text is null)
            {
                _text = new();
            }
            else
            {
                _text.Append(MySqlFunctions.Text(values[1]));
            }

            if (_text.Length < ConcatLength)
            {
                _text.Append(MySqlFunctions.Text(values[0]));
            }
        }

        public override object? Result() => _text is null ? null : _text.Length > ConcatLength ? _text.ToString(0, ConcatLength) : _text.ToString();
    }
}
