using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace RroDashboard.Data.Migrations
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "Runs",
                columns: table => new
                {
                    Key = table.Column<int>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Id = table.Column<string>(type: "TEXT", nullable: true),
                    RequestKey = table.Column<string>(type: "TEXT", nullable: false),
                    Preset = table.Column<string>(type: "TEXT", nullable: false),
                    SettingsJson = table.Column<string>(type: "TEXT", nullable: false),
                    State = table.Column<string>(type: "TEXT", nullable: false),
                    Stage = table.Column<string>(type: "TEXT", nullable: true),
                    Done = table.Column<long>(type: "INTEGER", nullable: false),
                    Total = table.Column<long>(type: "INTEGER", nullable: false),
                    CreatedTicks = table.Column<long>(type: "INTEGER", nullable: false),
                    StartedTicks = table.Column<long>(type: "INTEGER", nullable: true),
                    StageStartedTicks = table.Column<long>(type: "INTEGER", nullable: true),
                    EndedTicks = table.Column<long>(type: "INTEGER", nullable: true),
                    LastSeq = table.Column<long>(type: "INTEGER", nullable: false),
                    Before = table.Column<double>(type: "REAL", nullable: true),
                    After = table.Column<double>(type: "REAL", nullable: true),
                    BudgetJson = table.Column<string>(type: "TEXT", nullable: true),
                    DroppedSamples = table.Column<long>(type: "INTEGER", nullable: false),
                    Error = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Runs", x => x.Key);
                });

            migrationBuilder.CreateTable(
                name: "Series",
                columns: table => new
                {
                    Id = table.Column<int>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Name = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Series", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Events",
                columns: table => new
                {
                    RunKey = table.Column<int>(type: "INTEGER", nullable: false),
                    Seq = table.Column<long>(type: "INTEGER", nullable: false),
                    Kind = table.Column<string>(type: "TEXT", nullable: false),
                    Task = table.Column<int>(type: "INTEGER", nullable: true),
                    Step = table.Column<int>(type: "INTEGER", nullable: true),
                    AtTicks = table.Column<long>(type: "INTEGER", nullable: false),
                    Json = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Events", x => new { x.RunKey, x.Seq });
                    table.ForeignKey(
                        name: "FK_Events_Runs_RunKey",
                        column: x => x.RunKey,
                        principalTable: "Runs",
                        principalColumn: "Key",
                        onDelete: ReferentialAction.Cascade);
                });

            // By hand: without row ids a point takes 30 bytes instead of 100 (EF cannot say it).
            migrationBuilder.Sql("""
                CREATE TABLE MetricPoints (
                    RunKey INTEGER NOT NULL REFERENCES Runs (Key) ON DELETE CASCADE,
                    SeriesId INTEGER NOT NULL,
                    Step INTEGER NOT NULL,
                    Value REAL NOT NULL,
                    PRIMARY KEY (RunKey, SeriesId, Step)) WITHOUT ROWID
                """);

            // By hand: without row ids a point takes 30 bytes instead of 100 (EF cannot say it).
            migrationBuilder.Sql("""
                CREATE TABLE MetricRollups (
                    RunKey INTEGER NOT NULL REFERENCES Runs (Key) ON DELETE CASCADE,
                    SeriesId INTEGER NOT NULL,
                    Width INTEGER NOT NULL,
                    Bucket INTEGER NOT NULL,
                    Min REAL NOT NULL,
                    MinStep INTEGER NOT NULL,
                    Max REAL NOT NULL,
                    MaxStep INTEGER NOT NULL,
                    Last REAL NOT NULL,
                    LastStep INTEGER NOT NULL,
                    Count INTEGER NOT NULL,
                    PRIMARY KEY (RunKey, SeriesId, Width, Bucket)) WITHOUT ROWID
                """);

            migrationBuilder.CreateIndex(
                name: "IX_Events_RunKey_Kind_Task_Step",
                table: "Events",
                columns: new[] { "RunKey", "Kind", "Task", "Step" });

            migrationBuilder.CreateIndex(
                name: "IX_Runs_CreatedTicks",
                table: "Runs",
                column: "CreatedTicks");

            migrationBuilder.CreateIndex(
                name: "IX_Runs_Id",
                table: "Runs",
                column: "Id",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Runs_RequestKey",
                table: "Runs",
                column: "RequestKey",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Series_Name",
                table: "Series",
                column: "Name",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Events");

            migrationBuilder.DropTable(
                name: "MetricPoints");

            migrationBuilder.DropTable(
                name: "MetricRollups");

            migrationBuilder.DropTable(
                name: "Series");

            migrationBuilder.DropTable(
                name: "Runs");
        }
    }
}
