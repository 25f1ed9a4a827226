using RroDashboard.Web.Authentication;

namespace RroDashboard.Web.Tests.Authentication;

public sealed class SignInLinksTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rro-links-").FullName;
    private readonly SettableTime _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Redeem_FirstUse_IsTrueAndSecondIsFalse()
    {
        var links = new SignInLinks(_folder, _time);
        var token = links.Create(TimeSpan.FromHours(1));

        Assert.True(links.Redeem(token));
        Assert.False(links.Redeem(token));
    }

    [Fact]
    public void Redeem_AfterExpiry_IsFalse()
    {
        var links = new SignInLinks(_folder, _time);
        var token = links.Create(TimeSpan.FromHours(1));

        _time.Now += TimeSpan.FromHours(1);

        Assert.False(links.Redeem(token));
    }

    [Fact]
    public void Redeem_LinkOfAnotherProcess_IsTrue()
    {
        var token = new SignInLinks(_folder, _time).Create(TimeSpan.FromHours(1));

        Assert.True(new SignInLinks(_folder, _time).Redeem(token));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("../../etc/passwd")]
    [InlineData("0123456789abcdef0123456789abcdef")]
    [InlineData("0123456789ABCDEF0123456789ABCDEF")]
    public void Redeem_NotAToken_IsFalse(string? token)
    {
        var links = new SignInLinks(_folder, _time);
        links.Create(TimeSpan.FromHours(1));

        Assert.False(links.Redeem(token));
    }

    [Fact]
    public void Create_Always_KeepsOnlyTheHash()
    {
        var token = new SignInLinks(_folder, _time).Create(TimeSpan.FromHours(1));

        Assert.Equal(32, token.Length);
        Assert.DoesNotContain(Directory.EnumerateFiles(_folder), f => f.Contains(token, StringComparison.Ordinal) || File.ReadAllText(f).Contains(token, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Redeem_ManyAtOnce_OneWins()
    {
        var links = new SignInLinks(_folder, _time);
        var token = links.Create(TimeSpan.FromHours(1));

        var results = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => links.Redeem(token)))).WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Single(results, won => won);
    }

    private sealed class SettableTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
