using System.Security.Claims;
using RroDashboard.Data;

namespace RroDashboard.Web.Authentication;

/// <summary>The one place that says who a signed-in person is to the review queues.</summary>
public static class CurrentReviewer
{
    /// <summary>Their stable id, and the name that others read; an identity without an id goes by its name.</summary>
    public static Reviewer Of(ClaimsPrincipal person)
    {
        ArgumentNullException.ThrowIfNull(person);
        var name = person.FindFirstValue(ClaimTypes.Name) ?? "someone";
        return new Reviewer(person.FindFirstValue(ClaimTypes.NameIdentifier) ?? name, name);
    }
}
