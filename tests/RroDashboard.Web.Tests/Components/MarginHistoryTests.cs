using RroDashboard.Core.Events;
using RroDashboard.Web.Components.Exploration;

namespace RroDashboard.Web.Tests.Components;

public sealed class MarginHistoryTests
{
    // Measured at 0, 8 and 12; the policy collapsed and was rolled back to what it was after 8.
    [Fact]
    public void MarginHistory_RolledBack_EndsWithTheKeptPolicy()
    {
        var history = new MarginHistory([new(0, [1, 2], [0, 0]), new(8, [1, 2], [0.5f, 0.4f]), new(12, [1, 2], [9, -9]), new(8, [1], [0.5f])]);

        Assert.Equal([0, 8], history.Updates);
        Assert.Equal([(0, 0.0), (8, 0.5)], history.Of(1));
        Assert.Equal(0.5, history.Last(1));
    }

    [Fact]
    public void MarginHistory_TrainedAgain_BeginsAnew()
    {
        var history = new MarginHistory([new(0, [1, 2], [0, 0]), new(8, [1, 2], [0.5f, 0.4f]), new(0, [1], [0])]);

        Assert.Equal([0], history.Updates);
        Assert.Equal(1, history.Measured);
        Assert.Empty(history.Of(2));
        Assert.Null(history.Last(1));
    }
}
