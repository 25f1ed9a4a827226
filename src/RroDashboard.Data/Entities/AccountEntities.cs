namespace RroDashboard.Data.Entities;

/// <summary>Someone who can sign in.</summary>
public sealed class UserEntity
{
    /// <summary>Small number.</summary>
    public int Key { get; set; }

    /// <summary>Opaque id that stays, whatever the name becomes.</summary>
    public required string Id { get; set; }

    /// <summary>What they sign in with and what others see.</summary>
    public required string Name { get; set; }

    /// <summary>The name in upper case: two spellings are one person.</summary>
    public required string NameKey { get; set; }

    /// <summary>What they may do.</summary>
    public UserRole Role { get; set; }

    /// <summary>Hash of the password; null until one was chosen: such a person signs in by link only.</summary>
    public string? PasswordHash { get; set; }

    /// <summary>Changes with whatever ends open sessions: a new password, another role, "sign out everywhere".</summary>
    public required string Stamp { get; set; }

    /// <summary>UTC ticks.</summary>
    public long CreatedTicks { get; set; }

    /// <summary>UTC ticks of the last sign-in.</summary>
    public long? SignedInTicks { get; set; }

    /// <summary>UTC ticks; null unless shut out.</summary>
    public long? DisabledTicks { get; set; }
}

/// <summary>A one-time link that makes an account.</summary>
public sealed class InvitationEntity
{
    /// <summary>Small number.</summary>
    public int Key { get; set; }

    /// <summary>SHA-256 of the token, lower-case hex; the token is kept nowhere.</summary>
    public required string TokenHash { get; set; }

    /// <summary>Role of whoever takes it.</summary>
    public UserRole Role { get; set; }

    /// <summary>Whom it is for, in the words of who made it.</summary>
    public required string Note { get; set; }

    /// <summary>Id of who made it.</summary>
    public required string CreatedBy { get; set; }

    /// <summary>UTC ticks.</summary>
    public long CreatedTicks { get; set; }

    /// <summary>UTC ticks.</summary>
    public long ExpiresTicks { get; set; }

    /// <summary>UTC ticks; null until taken.</summary>
    public long? UsedTicks { get; set; }

    /// <summary>Id of who took it.</summary>
    public string? UsedBy { get; set; }

    /// <summary>UTC ticks; null unless taken back.</summary>
    public long? RevokedTicks { get; set; }
}

/// <summary>A key with which a program acts for a person.</summary>
public sealed class ApiTokenEntity
{
    /// <summary>Small number.</summary>
    public int Key { get; set; }

    /// <summary>Id of the person it acts for.</summary>
    public required string UserId { get; set; }

    /// <summary>What it is for, in their words.</summary>
    public required string Name { get; set; }

    /// <summary>SHA-256 of the token, lower-case hex; the token is kept nowhere.</summary>
    public required string TokenHash { get; set; }

    /// <summary>Its first characters, so that people find which one it is.</summary>
    public required string Start { get; set; }

    /// <summary>What it may do; never more than its person.</summary>
    public UserRole Scope { get; set; }

    /// <summary>UTC ticks.</summary>
    public long CreatedTicks { get; set; }

    /// <summary>UTC ticks.</summary>
    public long ExpiresTicks { get; set; }

    /// <summary>UTC ticks, to the minute; null until used.</summary>
    public long? UsedTicks { get; set; }

    /// <summary>UTC ticks; null unless revoked.</summary>
    public long? RevokedTicks { get; set; }
}

/// <summary>Who did what when. Rows are only ever added, and removed by age.</summary>
public sealed class AuditEntity
{
    /// <summary>In the order in which it happened.</summary>
    public long Key { get; set; }

    /// <summary>UTC ticks.</summary>
    public long AtTicks { get; set; }

    /// <summary>Id of who did it; empty for someone who is not signed in, and for the program itself.</summary>
    public required string UserId { get; set; }

    /// <summary>Their name at that time.</summary>
    public required string UserName { get; set; }

    /// <summary>What was done, a word with a dot: "run.stopped".</summary>
    public required string Action { get; set; }

    /// <summary>To what: the id of a run, a person, a token.</summary>
    public required string Subject { get; set; }

    /// <summary>More, in words.</summary>
    public required string Detail { get; set; }
}
