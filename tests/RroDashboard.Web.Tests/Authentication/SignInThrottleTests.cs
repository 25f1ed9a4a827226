using System.Net;
using RroDashboard.Web.Authentication;

namespace RroDashboard.Web.Tests.Authentication;

public sealed class SignInThrottleTests
{
    private static readonly IPAddress s_here = IPAddress.Loopback;

    [Fact]
    public void TryBegin_ManyAtOnce_GetNoMoreTriesThanOneAfterAnother()
    {
        var throttle = new SignInThrottle(TimeProvider.System);
        var (passed, locked) = (0, 0);

        // None has an answer yet: each is still hashing.
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 16 }, _ =>
        {
            if (throttle.TryBegin("ada", s_here, out var locks))
            {
                Interlocked.Increment(ref passed);
                if (locks)
                {
                    Interlocked.Increment(ref locked);
                }
            }
        });

        Assert.Equal((SignInThrottle.MaxForName, 1), (passed, locked));
    }

    [Fact]
    public void Succeeded_AfterATry_LetsTheNameStartAnewAndDoesNotWearOutTheAddress()
    {
        var throttle = new SignInThrottle(TimeProvider.System);

        for (var i = 0; i < SignInThrottle.MaxForAddress * 2; i++)
        {
            Assert.True(throttle.TryBegin("ada", s_here, out _));
            throttle.Succeeded("ada", s_here);
        }

        Assert.True(throttle.TryBegin("bob", s_here, out _));
    }
}
