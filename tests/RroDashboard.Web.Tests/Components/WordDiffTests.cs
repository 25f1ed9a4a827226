using RroDashboard.Web.Components;

namespace RroDashboard.Web.Tests.Components;

public sealed class WordDiffTests
{
    [Theory]
    [InlineData("click[ b1 ]", "click[ b2 ]", "click[ *b1* ]", "click[ *b2* ]")]
    [InlineData("search[ red chair ]", "search[ chair ]", "search[ *red* chair ]", "search[ chair ]")]
    [InlineData("a b", "a b", "a b", "a b")]
    [InlineData("", "x", "", "*x*")]
    [InlineData("a b c d", "b a d c", "a *b* c *d*", "*b* a *d* c")]
    public void Of_TwoActions_MarksWhatTheOtherDoesNotHave(string left, string right, string markedLeft, string markedRight)
    {
        var (a, b) = WordDiff.Of(left, right);

        Assert.Equal(markedLeft.Count(c => c == '*'), Marked(a).Count(c => c == '*'));
        Assert.Equal(left, string.Join(' ', a.Select(w => w.Word)));
        Assert.Equal(right, string.Join(' ', b.Select(w => w.Word)));
        Assert.Equal(a.Where(w => !w.Differs).Select(w => w.Word), b.Where(w => !w.Differs).Select(w => w.Word));
        Assert.Equal(markedRight.Count(c => c == '*'), Marked(b).Count(c => c == '*'));
    }

    [Fact]
    public void Of_VeryLongTexts_AreNotCompared()
    {
        var (a, _) = WordDiff.Of(string.Join(' ', Enumerable.Repeat("a", WordDiff.MaxWords + 1)), "b");

        Assert.DoesNotContain(a, w => w.Differs);
    }

    private static string Marked(IReadOnlyList<(string Word, bool Differs)> words) => string.Join(' ', words.Select(w => w.Differs ? $"*{w.Word}*" : w.Word));
}
