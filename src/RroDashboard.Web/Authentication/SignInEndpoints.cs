using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Mvc;
using RroDashboard.Data;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Navigation;

namespace RroDashboard.Web.Authentication;

/// <summary>Sign-in by a one-time link, by an invitation, or by name and password; the session is a cookie.</summary>
public static class SignInEndpoints
{
    /// <summary>Name of the session cookie.</summary>
    public const string CookieName = "rro-session";

    private const string Either = "CookieOrToken";

    /// <summary>Sessions and tokens, and nothing without one: every endpoint that does not say otherwise needs a signed-in user.</summary>
    public static void AddSignIn(this IServiceCollection services, DashboardOptions options)
    {
        services.AddSingleton(p => new SignInLinks(SignInLinks.FolderIn(options.DataFolder), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton<Sessions>().AddSingleton<Passwords>().AddSingleton<SealedMessage>().AddSingleton<SignInThrottle>();
        services.AddSingleton<HubSessions>().AddSingleton<ProxyPeople>();
        services.AddHostedService(provider => provider.GetRequiredService<HubSessions>());
        services.AddScoped<Rights>();
        services.AddAuthentication(authentication =>
        {
            authentication.DefaultScheme = Either;
            authentication.DefaultSignInScheme = CookieAuthenticationDefaults.AuthenticationScheme;
            authentication.DefaultSignOutScheme = CookieAuthenticationDefaults.AuthenticationScheme;
        })
        // Who brings a token is a program, and then no cookie counts: its requests need no proof that a page of ours sent them.
        .AddPolicyScheme(Either, null, either => either.ForwardDefaultSelector = context =>
            TokenAuthentication.IsFor(context.Request) ? TokenAuthentication.SchemeName : ProxySignIn.IsFor(context) ? ProxySignIn.SchemeName : CookieAuthenticationDefaults.AuthenticationScheme)
        .AddScheme<AuthenticationSchemeOptions, TokenAuthentication>(TokenAuthentication.SchemeName, null)
        .AddScheme<AuthenticationSchemeOptions, ProxySignIn>(ProxySignIn.SchemeName, null)
        .AddCookie(cookie =>
        {
            cookie.Cookie.Name = CookieName;
            cookie.Cookie.HttpOnly = true;
            cookie.Cookie.SameSite = SameSiteMode.Strict;
            cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            cookie.Cookie.IsEssential = true;
            cookie.ExpireTimeSpan = options.SessionLifetime;
            cookie.SlidingExpiration = true;
            cookie.LoginPath = RroUrls.SignIn;
            cookie.Events.OnRedirectToLogin = context => AnswerAsync(context.HttpContext, StatusCodes.Status401Unauthorized, RroUrls.SignInThen(context.Request));
            cookie.Events.OnRedirectToAccessDenied = context => AnswerAsync(context.HttpContext, StatusCodes.Status403Forbidden, RroUrls.Denied);
            cookie.Events.OnValidatePrincipal = ValidateAsync;
        });
        services.AddRolePolicies();
        services.AddCascadingAuthenticationState();
    }

    /// <summary>What the sign-in pages do.</summary>
    public static void MapSignIn(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost(RroUrls.RedeemLink, RedeemAsync).AllowAnonymous();
        endpoints.MapPost(RroUrls.SignInByPassword, PasswordAsync).AllowAnonymous();
        endpoints.MapPost(RroUrls.AcceptInvitation, AcceptAsync).AllowAnonymous();
        endpoints.MapPost(RroUrls.SignOut, SignOutAsync).RequireAuthorization(Policies.Viewer);
        endpoints.MapPost(RroUrls.Account, DescribeAsync).RequireAuthorization(Policies.Viewer);
        endpoints.MapPost(RroUrls.SignOutEverywhere, SignOutEverywhereAsync).RequireAuthorization(Policies.Viewer);
    }

    /// <summary>Leads someone to a page; a script that asks for data gets a status, not the HTML of a page.</summary>
    internal static Task AnswerAsync(HttpContext context, int status, string page)
    {
        if (RroUrls.IsForScripts(context.Request.Path) || !HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.StatusCode = status;
        }
        else
        {
            context.Response.Redirect(page);
        }

        return Task.CompletedTask;
    }

    // Asked at every request: a session whose account was changed is over, and one from before there were accounts names none.
    private static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        if (await context.HttpContext.RequestServices.GetRequiredService<Sessions>().FindAsync(context.Principal!, context.HttpContext.RequestAborted) is not { } user)
        {
            context.RejectPrincipal();
        }
        else if (user.Name != context.Principal!.DisplayName())
        {
            context.ReplacePrincipal(Person.Of(user, CookieAuthenticationDefaults.AuthenticationScheme));
            context.ShouldRenew = true;
        }
    }

    private static async Task<IResult> RedeemAsync(
        [FromForm(Name = RroUrls.TokenParameter)] string? token, HttpContext context, SignInLinks links, AccountStore accounts, Sessions sessions, AuditLog audit, TimeProvider time)
    {
        if (!links.Redeem(token, out var userId))
        {
            return Results.LocalRedirect($"{RroUrls.SignIn}?refused=link");
        }

        var user = userId is null ? await accounts.FirstAdminAsync(context.RequestAborted) : await sessions.FindAsync(userId, context.RequestAborted);
        if (user is not { IsDisabled: false })
        {
            return Results.LocalRedirect($"{RroUrls.SignIn}?refused=link");
        }

        await SignInAsync(context, user, "by a link", accounts, audit, time);
        return Results.LocalRedirect(RroUrls.Runs);
    }

    private static async Task<IResult> PasswordAsync(
        [FromForm] string? name, [FromForm] string? password, [FromForm] string? back, HttpContext context, AccountStore accounts, Passwords passwords, SignInThrottle throttle, AuditLog audit, TimeProvider time)
    {
        var (who, address) = (name ?? "", context.Connection.RemoteIpAddress);
        if (who.Length > AccountStore.MaxName || !throttle.TryBegin(who, address, out var locks))
        {
            return Refused("locked");
        }

        var found = await accounts.FindByNameAsync(who, context.RequestAborted);
        if (!passwords.Fits(found?.PasswordHash, password) || found!.Value.User.IsDisabled)
        {
            if (locks && found is { User: var locked })
            {
                await audit.AddAsync("", "", "sign-in.locked", locked.Id, $"{SignInThrottle.MaxForName} wrong passwords for {locked.Name}");
            }

            return Refused("password");
        }

        throttle.Succeeded(who, address);
        await SignInAsync(context, found.Value.User, "by password", accounts, audit, time);
        return Results.LocalRedirect(RroUrls.IsLocal(back) ? back! : RroUrls.Runs);

        IResult Refused(string why) => Results.LocalRedirect(
            $"{RroUrls.SignIn}?refused={why}{(RroUrls.IsLocal(back) ? "&back=" + Uri.EscapeDataString(back!) : "")}");
    }

    private static async Task<IResult> AcceptAsync(
        [FromForm(Name = RroUrls.TokenParameter)] string? token, [FromForm] string? name, [FromForm] string? password, HttpContext context,
        AccountStore accounts, InvitationStore invitations, Passwords passwords, SealedMessage sealing, AuditLog audit, TimeProvider time)
    {
        try
        {
            // Before a password is hashed, which costs: the token has to be one.
            if (await invitations.RoleOfAsync(token, context.RequestAborted) is null)
            {
                return Results.LocalRedirect(RroUrls.Invitation);
            }

            var user = await accounts.AcceptAsync(token!, name ?? "", passwords.Hash(password), context.RequestAborted);
            await audit.AddAsync(user.Id, user.Name, "invitation.accepted", user.Id, user.Role.ToString());
            await SignInAsync(context, user, "by an invitation", accounts, audit, time);
            return Results.LocalRedirect(RroUrls.Runs);
        }
        catch (AccountException e)
        {
            return Results.LocalRedirect($"{RroUrls.Invitation}?{RroUrls.TokenParameter}={token}&wrong={sealing.Seal(e.Message)}");
        }
    }

    private static async Task<IResult> DescribeAsync(
        [FromForm] string? name, [FromForm] string? current, [FromForm] string? password, HttpContext context,
        AccountStore accounts, Passwords passwords, SignInThrottle throttle, SealedMessage sealing, AuditLog audit, TimeProvider time)
    {
        try
        {
            var id = context.User.Id();
            if (context.User.IsFromProxy() && !string.IsNullOrEmpty(password))
            {
                throw new AccountException("The web server in front of the dashboard signs you in: passwords are its business.");
            }

            if (await accounts.FindAsync(id, context.RequestAborted) is not { } user || await accounts.FindByNameAsync(user.Name, context.RequestAborted) is not { } kept)
            {
                throw new AccountException("There is no such account.");
            }

            // Who has a password shows that they are who they were: a browser left open must not be enough to take the account over.
            if (kept.PasswordHash is not null)
            {
                var address = context.Connection.RemoteIpAddress;
                if (!throttle.TryBegin(user.Name, address, out _))
                {
                    throw new AccountException($"Too many wrong passwords: wait {SignInThrottle.LockedFor.TotalMinutes:0} minutes.");
                }

                if (!passwords.Fits(kept.PasswordHash, current))
                {
                    throw new AccountException("The current password is wrong.");
                }

                throttle.Succeeded(user.Name, address);
            }

            user = await accounts.DescribeAsync(id, name ?? "", string.IsNullOrEmpty(password) ? null : passwords.Hash(password), context.RequestAborted);
            await audit.AddAsync(user.Id, user.Name, "account.changed", user.Id, string.IsNullOrEmpty(password) ? "name" : "password");
            // A new password ended every session, this one included. Whom the proxy signs in gets no session of ours: it would outlive the proxy's word.
            if (!context.User.IsFromProxy())
            {
                await IssueAsync(context, user, time);
            }

            return Results.LocalRedirect($"{RroUrls.Account}?saved=1");
        }
        catch (AccountException e)
        {
            return Results.LocalRedirect($"{RroUrls.Account}?wrong={sealing.Seal(e.Message)}");
        }
    }

    // Binding the form is what makes ASP.NET check the antiforgery token.
    private static async Task<IResult> SignOutAsync([FromForm(Name = "reason")] string? reason, HttpContext context)
    {
        _ = reason;
        await context.SignOutAsync();
        return Results.LocalRedirect(RroUrls.SignIn);
    }

    private static async Task<IResult> SignOutEverywhereAsync([FromForm(Name = "reason")] string? reason, HttpContext context, AccountStore accounts, AuditLog audit)
    {
        _ = reason;
        await accounts.SignOutEverywhereAsync(context.User.Id(), context.RequestAborted);
        await audit.AddAsync(context.User, "account.signed-out-everywhere", context.User.Id());
        await context.SignOutAsync();
        return Results.LocalRedirect(RroUrls.SignIn);
    }

    private static async Task SignInAsync(HttpContext context, UserInfo user, string how, AccountStore accounts, AuditLog audit, TimeProvider time)
    {
        await accounts.SignedInAsync(user.Id, context.RequestAborted);
        await audit.AddAsync(user.Id, user.Name, "sign-in", user.Id, how);
        await IssueAsync(context, user, time);
    }

    private static Task IssueAsync(HttpContext context, UserInfo user, TimeProvider time) => context.SignInAsync(
        Person.Of(user, CookieAuthenticationDefaults.AuthenticationScheme), new AuthenticationProperties { IsPersistent = true, IssuedUtc = time.GetUtcNow() });
}
