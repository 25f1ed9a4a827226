using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Mvc;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Navigation;

namespace RroDashboard.Web.Authentication;

/// <summary>Sign-in by a one-time link and a cookie; there are no accounts, whoever signs in is the owner.</summary>
public static class SignInEndpoints
{
    /// <summary>Name of the session cookie.</summary>
    public const string CookieName = "rro-session";

    /// <summary>Cookie authentication, and nothing without it: every endpoint that does not say otherwise needs a signed-in user.</summary>
    public static void AddSignIn(this IServiceCollection services, DashboardOptions options)
    {
        services.AddSingleton(p => new SignInLinks(SignInLinks.FolderIn(options.DataFolder), p.GetRequiredService<TimeProvider>()));
        services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(cookie =>
        {
            cookie.Cookie.Name = CookieName;
            cookie.Cookie.HttpOnly = true;
            cookie.Cookie.SameSite = SameSiteMode.Strict;
            cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            cookie.Cookie.IsEssential = true;
            cookie.ExpireTimeSpan = options.SessionLifetime;
            cookie.SlidingExpiration = true;
            cookie.LoginPath = RroUrls.SignIn;
            cookie.Events.OnRedirectToLogin = context =>
            {
                // A script that asks for data wants a status, not the HTML of the sign-in page.
                if (RroUrls.IsForScripts(context.Request.Path))
                {
                    context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                }
                else
                {
                    context.Response.Redirect(RroUrls.SignIn);
                }

                return Task.CompletedTask;
            };
        });
        services.AddAuthorizationBuilder().SetFallbackPolicy(
            new Microsoft.AspNetCore.Authorization.AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        services.AddCascadingAuthenticationState();
    }

    /// <summary>The two actions of the sign-in page.</summary>
    public static void MapSignIn(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost(RroUrls.RedeemLink, RedeemAsync).AllowAnonymous();
        endpoints.MapPost(RroUrls.SignOut, SignOutAsync);
    }

    private static async Task<IResult> RedeemAsync([FromForm(Name = RroUrls.TokenParameter)] string? token, HttpContext context, SignInLinks links, TimeProvider time)
    {
        if (!links.Redeem(token))
        {
            return Results.LocalRedirect($"{RroUrls.SignIn}?refused=1");
        }

        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, "owner")], CookieAuthenticationDefaults.AuthenticationScheme);
        await context.SignInAsync(new ClaimsPrincipal(identity), new AuthenticationProperties { IsPersistent = true, IssuedUtc = time.GetUtcNow() });
        return Results.LocalRedirect(RroUrls.Runs);
    }

    // Binding the form is what makes ASP.NET check the antiforgery token.
    private static async Task<IResult> SignOutAsync([FromForm(Name = "reason")] string? reason, HttpContext context)
    {
        _ = reason;
        await context.SignOutAsync();
        return Results.LocalRedirect(RroUrls.SignIn);
    }
}
