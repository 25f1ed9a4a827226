namespace RroDashboard.Data.Tests;

public sealed class RandomTextTests
{
    [Fact]
    public void NewIdAndToken_ManyTimes_AreOfTheirShapeAndNeverTheSame()
    {
        var ids = Enumerable.Range(0, 10_000).Select(_ => RandomText.NewId()).ToList();
        var tokens = Enumerable.Range(0, 10_000).Select(_ => RandomText.NewToken()).ToList();

        Assert.All(ids, id => Assert.Matches("^[bcdfghjkmnpqrstvwxz7]{10}$", id));
        Assert.All(tokens, token => Assert.Matches("^[0-9a-f]{32}$", token));
        Assert.Matches("^[0-9a-f]{40}$", RandomText.NewToken(20));
        Assert.Equal(20_000, ids.Concat(tokens).Distinct().Count());
        // Every character of the alphabet comes up.
        Assert.Equal(20, ids.SelectMany(id => id).Distinct().Count());
    }

    // Databases and folders of sign-in links hold these: another hash would lock everybody out.
    [Fact]
    public void HashOf_PublishedExample_IsSha256() =>
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", RandomText.HashOf("abc"));
}
