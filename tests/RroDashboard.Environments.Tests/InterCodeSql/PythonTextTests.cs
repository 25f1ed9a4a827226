using RroDashboard.Environments.InterCodeSql;

namespace RroDashboard.Environments.Tests.InterCodeSql;

public sealed class PythonTextTests
{
    [Theory]
    [InlineData(1326.4, "1326.4")]
    [InlineData(3.0, "3.0")]
    [InlineData(17075400.0, "17075400.0")]
    [InlineData(1e15, "1000000000000000.0")]
    [InlineData(1e16, "1e+16")]
    [InlineData(1.5e-5, "1.5e-05")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(-0.5, "-0.5")]
    [InlineData(0.1 + 0.2, "0.30000000000000004")]
    [InlineData(123456789012345680.0, "1.2345678901234568e+17")]
    [InlineData(0.0, "0.0")]
    public void Number_LikeRepr(double value, string expected) => Assert.Equal(expected, PythonText.Number(value));

    [Theory]
    [InlineData("France", "'France'")]
    [InlineData("Cote d'Ivoire", "\"Cote d'Ivoire\"")]
    [InlineData("it's \"so\"", "'it\\'s \"so\"'")]
    [InlineData("a\\b\n", @"'a\\b\n'")]
    [InlineData("São", "'São'")]
    [InlineData("\u0001\u00a0", @"'\x01\xa0'")]
    public void Text_LikeRepr(string value, string expected) => Assert.Equal(expected, PythonText.Text(value));

    [Fact]
    public void Tuple_OneValue_HasAComma() => Assert.Equal("(1,)", PythonText.Tuple(["1"]));
}
